#include "tests/helpers/lab_fields.hpp"

namespace delegate::lab {

Result<std::string> text_field(const Json& line, const std::string& name) {
  const auto field = line.find(name);
  if (field == line.end()) return fail(Code::invalid_argument, name + ": missing");
  if (!field->is_string()) return fail(Code::invalid_argument, name + ": must be a string");
  return field->get<std::string>();
}

Result<std::int64_t> whole_number(const Json& value, const std::string& name, std::int64_t least) {
  if (!value.is_number_integer()) return fail(Code::invalid_argument, name + ": must be a whole number");
  const bool too_large = value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{kLargest};
  if (too_large || value.get<std::int64_t>() < least)
    return fail(Code::invalid_argument,
                name + ": must be from " + std::to_string(least) + " to " + std::to_string(kLargest));
  return value.get<std::int64_t>();
}

Result<milliseconds> time_field(const Json& line, const std::string& name) {
  const auto field = line.find(name);
  if (field == line.end()) return fail(Code::invalid_argument, name + ": missing");
  TRY(const std::int64_t number, whole_number(*field, name, -kLargest));
  return milliseconds(number);
}

Result<std::optional<milliseconds>> maybe_duration_field(const Json& line, const std::string& name) {
  const auto field = line.find(name);
  if (field == line.end() || field->is_null()) return std::nullopt;
  TRY(const std::int64_t number, whole_number(*field, name, 0));
  return milliseconds(number);
}

}  // namespace delegate::lab
