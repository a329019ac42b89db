// Drives the breaker over its real store from a line protocol, to play with it, replay an incident or compare it with a
// model: one JSON object a line on stdin, one answer line each on stdout. docs/breaker.md describes the lines.
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "tests/helpers/lab_bench.hpp"

namespace delegate::lab {
namespace {

class Laboratory {
 public:
  explicit Laboratory(StoreKind store) : store_(store) {}

  Json answer(const std::string& text) {
    auto answer = try_to_answer(text);
    return answer ? *std::move(answer) : Json{{"error", answer.error().what}};
  }

 private:
  Result<Json> try_to_answer(const std::string& text) {
    Json line;
    try {
      line = Json::parse(text);
    } catch (const Json::exception& error) {
      return fail(Code::invalid_argument, std::string("not JSON: ") + error.what());
    }
    if (!line.is_object()) return fail(Code::invalid_argument, "not a JSON object");
    TRY(const std::string op, text_field(line, "op"));
    if (op == "begin") return begin(line);
    if (!bench_) return fail(Code::invalid_argument, "no breaker yet: begin first");
    return bench_->answer(line);
  }

  /// A begin that fails leaves no breaker: what follows must not go to the one before.
  Result<Json> begin(const Json& line) {
    bench_.reset();
    if (line.contains("name")) TRY_STATUS(text_field(line, "name"));
    TRY(const Config config, configured({}, line.value("config", Json::object())));
    bench_ = std::make_unique<Bench>(store_, config);
    return Json{{"ok", true}};
  }

  StoreKind store_;
  std::unique_ptr<Bench> bench_;
};

int run(StoreKind store) {
  Laboratory laboratory(store);
  std::string line;
  while (std::getline(std::cin, line))
    std::cout << laboratory.answer(line).dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  return 0;
}

}  // namespace
}  // namespace delegate::lab

int main(int count, char** words) {
  using delegate::lab::StoreKind;
  const std::string_view option = count > 1 ? words[1] : "--store";
  const std::string_view store = count > 2 ? words[2] : "memory";
  if (count > 3 || count == 2 || option != "--store" || (store != "memory" && store != "sqlite")) {
    std::cerr << "usage: breaker_lab [--store memory|sqlite]\n";
    return 2;
  }
  return delegate::lab::run(store == "memory" ? StoreKind::memory : StoreKind::sqlite);
}
