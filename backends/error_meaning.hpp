#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "backends/wordings.hpp"
#include "core/run/backend.hpp"

// What an error message means, in one order for every vendor: the fields of its API first, then its words, the vendor's
// own before the general ones, then the class of its status.
namespace delegate {

/// Nothing: neither structure nor words nor status say anything. `status`: as a field of the CLI's own record, or of
/// the response, states it. The message of the failure is what the API said, without the JSON around it.
std::optional<Failure> meaning_of(Vendor vendor, std::string_view text, std::optional<std::int64_t> status = {});

/// The same; words that are not known mean `otherwise`, and the failure is marked as not recognised.
Failure failure_of_words(Vendor vendor, std::string_view text, Outcome otherwise,
                         std::optional<std::int64_t> status = {});

/// See Backend::without_echo.
Failure reconsidered(Vendor vendor, Failure failure, std::string message, Outcome otherwise);

/// The cause that the lines of stderr name: the last own error of the program decides. Nothing: none that is known. It
/// takes less for certain than meaning_of, because such a line may be about the program's own work.
std::optional<Failure> meaning_of_lines(Vendor vendor, std::string_view text);

/// The outcome of an HTTP status of a vendor's API by its class alone; none for 2xx and what is no status.
std::optional<Outcome> outcome_of_status(std::int64_t status);

/// Does a text about something that was not found mean a model, and not an address?
bool speaks_of_model(std::string_view text);

}  // namespace delegate
