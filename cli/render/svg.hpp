#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/base/duration.hpp"

// Charts as SVG, drawn in the colours of the page that they are part of. Each mark has its words as a tooltip.
namespace delegate::cli {

/// Text between tags or in an attribute.
std::string escape_markup(std::string_view text);

struct SvgPoint {
  milliseconds at{0};  // wall
  double value = 0;
  std::string words;
};

/// Values over time, with an axis from 0.
class SvgChart {
 public:
  using Words = std::string (*)(double value);
  SvgChart(milliseconds since, milliseconds until, Words words) : since_(since), until_(until), words_(words) {}

  void curve(const std::vector<SvgPoint>& points, const std::string& colour) { lines_.push_back({points, colour}); }
  /// Each covers `width` from its time on.
  void bars(const std::vector<SvgPoint>& points, milliseconds width, const std::string& colour);
  std::string text(const std::string& title) const;

 private:
  struct Line {
    std::vector<SvgPoint> points;
    std::string colour;
    milliseconds width{0};  // of bars; 0: a curve
  };
  double largest() const;

  milliseconds since_;
  milliseconds until_;
  Words words_;
  std::vector<Line> lines_;
};

struct SvgPart {
  double value = 0;
  std::string colour = {};
  std::string words = {};
};
struct SvgBar {
  std::string name;
  std::vector<SvgPart> parts;
};
/// One below the other, the longest as long as there is room.
std::string stacked_bars(const std::string& title, const std::vector<SvgBar>& bars);

/// A line for each name, with marks where something happened.
std::string timeline(const std::string& title, milliseconds since, milliseconds until,
                     const std::map<std::string, std::vector<SvgPoint>>& lanes, const std::string& colour);

}  // namespace delegate::cli
