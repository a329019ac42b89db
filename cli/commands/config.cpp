#include "cli/commands/context.hpp"

namespace delegate::cli {
namespace {

constexpr std::string_view kConfigExamples[] = {
    "delegate config init",
    "delegate config show router backends.gemini",
};

}  // namespace

extern constexpr CommandRow kConfig{
    .name = "config",
    .group = kSetUpGroup,
    .help = "Show, check and create the configuration",
    .more = "FILES and ENVIRONMENT say where it comes from, CONFIGURATION lists all keys.",
    .examples = kConfigExamples};

}  // namespace delegate::cli
