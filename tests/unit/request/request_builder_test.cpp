#include "cli/request/request_builder.hpp"

#include <catch2/catch.hpp>

#include "core/os/clock.hpp"

// One builder for the command line and for tool calls: the same checks, errors in the words of each.
using namespace delegate;
using namespace delegate::cli;

namespace {

struct Builder {
  Builder() { config.backends["codex"] = {}; }

  Result<Request> build(const RequestInput& input, FieldNames names = {}) const {
    return RequestBuilder(process, config, std::move(names)).build(input);
  }

  SystemClock clock;
  CancelToken never;
  volatile std::sig_atomic_t signal = 0;
  ProcessFacts process{.environment = {}, .cwd = "/", .clock = clock, .interrupted = never, .signal = signal};
  Config config;
};

RequestInput question(std::string backend = std::string(kAuto)) {
  return {.prompt = "hello", .standard_input = RequestInput::Stdin::ignore, .backend = std::move(backend)};
}

}  // namespace

TEST_CASE("typed fields become the request") {
  RequestInput input = question("codex");
  input.model = "m";
  input.timeout = milliseconds(1500);
  input.access = Access::write;
  const auto request = Builder{}.build(input);
  REQUIRE(request);
  CHECK(request->prompt == "hello");
  CHECK(request->backend == "codex");
  CHECK(request->model == "m");
  CHECK(request->timeout == milliseconds(1500));
  CHECK(request->access == Access::write);
  CHECK(request->cwd == "/");
}

TEST_CASE("an error names the field as the caller knows it") {
  const Builder builder;
  CHECK(builder.build(question("codx"), FieldNames::options_of("ask")).error().what.starts_with("ask: --backend: "));
  CHECK(builder.build(question("codx"), FieldNames::options_of("submit"))
            .error()
            .what.starts_with("submit: --backend: "));
  CHECK(builder.build(question("codx")).error().what.starts_with("backend: "));
  RequestInput input = question();
  input.model = "m";
  CHECK(builder.build(input, FieldNames::options_of("ask")).error().what == "ask: --model needs --backend");
  CHECK(builder.build(input).error().what == "model needs backend");
}

TEST_CASE("a prompt may be a dash or a flag, an empty one is refused") {
  RequestInput input = question();
  input.prompt = "-";
  CHECK(Builder{}.build(input)->prompt == "-");
  input.prompt = " \n";
  CHECK(Builder{}.build(input).error().code == Code::invalid_argument);
}

TEST_CASE("a timeout of zero and a directory that does not exist are refused") {
  RequestInput input = question();
  input.timeout = milliseconds(0);
  CHECK(Builder{}.build(input).error().what == "timeout: must be longer than 0");
  input = question();
  input.cwd = "/nonexistent";
  CHECK(Builder{}.build(input).error().code == Code::not_found);
}
