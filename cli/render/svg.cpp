#include "cli/render/svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

constexpr double kWidth = 900;
constexpr double kLeft = 70;  // room for the words of the axis
constexpr double kRight = 12;
constexpr double kTop = 10;
constexpr double kPlotHeight = 190;
constexpr double kLaneHeight = 26;
constexpr double kNameWidth = 150;
constexpr int kTimeMarks = 6;

std::string coordinate(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string svg(const std::string& title, double height, const std::string& content) {
  return "<svg viewBox=\"0 0 " + coordinate(kWidth) + " " + coordinate(height) + "\" role=\"img\" aria-label=\"" +
         escape_markup(title) + "\">\n" + content + "</svg>\n";
}

std::string words_at(double x, double y, const char* anchor, const std::string& words) {
  return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" text-anchor=\"" + anchor + "\">" +
         escape_markup(words) + "</text>\n";
}

std::string grid_line(double x1, double y1, double x2, double y2) {
  return "<line class=\"grid\" x1=\"" + coordinate(x1) + "\" y1=\"" + coordinate(y1) + "\" x2=\"" + coordinate(x2) +
         "\" y2=\"" + coordinate(y2) + "\"/>\n";
}

std::string box(double x, double y, double width, double height, const std::string& colour, const std::string& words) {
  return "<rect x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" width=\"" + coordinate(width) + "\" height=\"" +
         coordinate(height) + "\" fill=\"" + colour + "\"><title>" + escape_markup(words) + "</title></rect>\n";
}

std::string dot(double x, double y, double radius, const std::string& colour, const std::string& words) {
  return "<circle cx=\"" + coordinate(x) + "\" cy=\"" + coordinate(y) + "\" r=\"" + coordinate(radius) + "\" fill=\"" +
         colour + "\"><title>" + escape_markup(words) + "</title></circle>\n";
}

/// Where a time is between two edges.
class TimeScale {
 public:
  TimeScale(milliseconds since, milliseconds until, double low)
      : since_(since), span_(std::max<double>(static_cast<double>((until - since).count()), 1)), low_(low) {}

  double operator()(milliseconds at) const {
    return std::clamp(low_ + (kWidth - kRight - low_) * static_cast<double>((at - since_).count()) / span_, low_,
                      kWidth - kRight);
  }
  /// Marks with their words below `y`.
  std::string axis(double y) const {
    const auto span = milliseconds(std::llround(span_));
    const char* format = span > std::chrono::hours(48) ? "%d %b" : "%H:%M";
    std::string out;
    for (int i = 0; i <= kTimeMarks; ++i) {
      const milliseconds at = since_ + span * i / kTimeMarks;
      const char* anchor = i == 0 ? "start" : i == kTimeMarks ? "end" : "middle";
      out += words_at((*this)(at), y + 16, anchor, format_local(at, format));
    }
    return out;
  }

 private:
  milliseconds since_;
  double span_;
  double low_;
};

/// 1, 2 or 5 times a power of ten, so that about four of them reach `largest`.
double round_step(double largest) {
  constexpr double kSteps = 4;
  const double least = std::max(largest / kSteps, 1e-6);
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= least) return factor * power;
  return 10 * power;
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

void SvgChart::bars(const std::vector<SvgPoint>& points, milliseconds width, const std::string& colour) {
  lines_.push_back({points, colour, width});
}

double SvgChart::largest() const {
  double most = 0;
  for (const Line& line : lines_)
    for (const SvgPoint& point : line.points) most = std::max(most, point.value);
  return most;
}

std::string SvgChart::text(const std::string& title) const {
  const double step = round_step(largest());
  const auto steps = std::max(std::lround(std::ceil(largest() / step)), 1L);
  const double top = static_cast<double>(steps) * step;
  const double bottom = kTop + kPlotHeight;
  const TimeScale x(since_, until_, kLeft);
  const auto y = [&](double value) { return bottom - kPlotHeight * value / top; };
  std::string out;
  for (long i = 0; i <= steps; ++i) {
    const double value = static_cast<double>(i) * step;
    out += grid_line(kLeft, y(value), kWidth - kRight, y(value));
    out += words_at(kLeft - 8, y(value) + 4, "end", words_(value));
  }
  out += x.axis(bottom);
  for (const Line& line : lines_) {
    std::string path;
    std::string marks;
    for (const SvgPoint& point : line.points) {
      const double left = x(point.at);
      if (line.width > milliseconds(0)) {
        const double width = std::max(x(point.at + line.width) - left - 1, 1.0);
        marks += box(left, y(point.value), width, bottom - y(point.value), line.colour, point.words);
      } else {
        path += (path.empty() ? "M" : "L") + coordinate(left) + " " + coordinate(y(point.value));
        marks += dot(left, y(point.value), 3, line.colour, point.words);
      }
    }
    if (!path.empty()) out += "<path class=\"curve\" stroke=\"" + line.colour + "\" d=\"" + path + "\"/>\n";
    out += marks;
  }
  return svg(title, bottom + 24, out);
}

std::string stacked_bars(const std::string& title, const std::vector<SvgBar>& bars) {
  double most = 1;
  for (const SvgBar& bar : bars) {
    double sum = 0;
    for (const SvgPart& part : bar.parts) sum += part.value;
    most = std::max(most, sum);
  }
  std::string out;
  double y = kTop;
  for (const SvgBar& bar : bars) {
    out += words_at(kNameWidth - 8, y + kLaneHeight / 2 + 1, "end", bar.name);
    double x = kNameWidth;
    for (const SvgPart& part : bar.parts) {
      if (part.value <= 0) continue;
      const double width = (kWidth - kRight - kNameWidth) * part.value / most;
      out += box(x, y, width, kLaneHeight - 8, part.colour, bar.name + ", " + part.words);
      x += width;
    }
    y += kLaneHeight;
  }
  return svg(title, y + 4, out);
}

std::string timeline(const std::string& title, milliseconds since, milliseconds until,
                     const std::map<std::string, std::vector<SvgPoint>>& lanes, const std::string& colour) {
  const TimeScale x(since, until, kNameWidth);
  std::string out;
  double y = kTop + kLaneHeight / 2;
  for (const auto& [name, points] : lanes) {
    out += words_at(kNameWidth - 8, y + 4, "end", one_line(name, 40));
    out += grid_line(kNameWidth, y, kWidth - kRight, y);
    for (const SvgPoint& point : points)
      out += dot(x(point.at), y, std::min(4 + point.value, 10.0), colour, name + ", " + point.words);
    y += kLaneHeight;
  }
  out += x.axis(y - kLaneHeight / 2);
  return svg(title, y + kLaneHeight / 2, out);
}

}  // namespace delegate::cli
