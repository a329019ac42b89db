#include "cli/drill/fake_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <system_error>
#include <thread>

#include "cli/drill/fake_behavior.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/os/fd.hpp"

namespace delegate::cli::drill {
namespace {

constexpr std::size_t kLongestHead = 64u << 10;
constexpr std::size_t kLongestBody = 64u << 20;
constexpr timeval kSlowest{30, 0};  // a peer that neither sends nor receives a byte for this long is dropped
constexpr const char* kModel = "stand-in:1b";

struct Request {
  std::string part;  // "/NAME" of the path
  std::string path;  // the rest of it
  std::string body;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::vector<std::string> pieces;  // each its own chunk
};

/// Head and body; nothing if the peer sends no request, or one that is too large.
std::optional<Request> read_request(int connection) {
  std::string text;
  std::size_t head = std::string::npos;
  std::size_t length = 0;
  while (head == std::string::npos || text.size() < head + 4 + length) {
    std::array<char, 16384> buffer{};
    const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (head != std::string::npos) continue;
    head = text.find("\r\n\r\n");
    if (head == std::string::npos && text.size() > kLongestHead) return std::nullopt;
    if (head == std::string::npos) continue;
    const std::string fields = lower(text.substr(0, head));
    const std::size_t field = fields.find("\r\ncontent-length:");
    if (field == std::string::npos) continue;
    const std::string_view value = trim(std::string_view(fields).substr(field + 17, 20));
    std::from_chars(value.data(), value.data() + value.size(), length);
    if (length > kLongestBody) return std::nullopt;
  }
  const std::size_t begin = std::min(text.find(' '), head) + 1;
  const std::string target = text.substr(begin, std::min(text.find(' ', begin), head) - begin);
  const std::size_t rest = target.find('/', 1);
  if (!target.starts_with('/') || rest == std::string::npos) return std::nullopt;
  return Request{target.substr(1, rest - 1), target.substr(rest), text.substr(head + 4, length)};
}

void respond(int connection, const Response& response) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + (response.status == 200 ? " OK" : " Error") +
                     "\r\nContent-Type: " + response.type +
                     "\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
  for (const std::string& piece : response.pieces) {
    std::array<char, 16> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16).ptr;
    text.append(size.data(), end).append("\r\n").append(piece).append("\r\n");
  }
  // A failed write means that the peer is gone.
  static_cast<void>(write_all(connection, text + "0\r\n\r\n"));
}

std::string prompt_of(const Request& request) {
  const auto body = parse_object(request.body);
  if (!body) return {};
  const OrderedJson& messages = at(*body, "/messages");
  return messages.is_array() && !messages.empty() ? text_at(messages.back(), "/content") : std::string();
}

std::string model_of(const Part& part) {
  std::string model = part.read(kModelFile);
  return model.empty() ? kModel : model;
}

Response ollama_answer(const std::string& model, const std::string& answer) {
  const auto line = [&](const std::string& content, bool done) {
    OrderedJson json{{"model", model}, {"message", {{"role", "assistant"}, {"content", content}}}, {"done", done}};
    if (done) json.update({{"done_reason", "stop"}, {"prompt_eval_count", 11}, {"eval_count", 7}});
    return dump(json) + "\n";
  };
  return {.type = "application/x-ndjson", .pieces = {line(answer, false), line("", true)}};
}

Response openai_answer(const std::string& model, const std::string& answer) {
  const OrderedJson piece{{"model", model}, {"choices", {{{"delta", {{"content", answer}}}}}}};
  const OrderedJson end{{"choices", {{{"delta", OrderedJson::object()}, {"finish_reason", "stop"}}}}};
  return {.type = "text/event-stream",
          .pieces = {"data: " + dump(piece) + "\n\n", "data: " + dump(end) + "\n\n", "data: [DONE]\n\n"}};
}

Response chat(const Part& part, FakeBehavior behavior, const Request& request) {
  // It answers even if the call could not be counted: the drill's table shows the difference.
  static_cast<void>(part.note_start());
  if (behavior == FakeBehavior::waits) part.wait_for_release();
  if (behavior == FakeBehavior::server_error)
    return {.status = 500, .pieces = {dump(OrderedJson{{"error", {{"message", "internal server error"}}}})}};
  const std::string answer = answer_of(part.read(kNameFile), prompt_of(request));
  const bool is_ollama = request.path == "/api/chat";
  return is_ollama ? ollama_answer(model_of(part), answer) : openai_answer(model_of(part), answer);
}

Response response_to(const Path& parts, const Request& request) {
  Response unknown{.status = 404, .pieces = {R"({"error":"not found"})"}};
  if (request.part.find("..") != std::string::npos) return unknown;
  const Part part(parts / request.part);
  const auto behavior = part.behavior();
  if (!behavior) return unknown;
  if (request.path == "/api/chat" || request.path == "/v1/chat/completions") return chat(part, *behavior, request);
  if (request.path == "/api/version") return {.pieces = {R"({"version":"0.0.0"})"}};
  if (request.path == "/api/ps")  // the model is loaded, so that each call of the drill is one request
    return {.pieces = {dump(OrderedJson{{"models", {{{"name", model_of(part)}}}}})}};
  if (request.path == "/api/show") return {.pieces = {"{}"}};
  if (request.path == "/api/tags")
    return {.pieces = {dump(OrderedJson{{"models", {{{"name", model_of(part)}, {"capabilities", {"completion"}}}}}})}};
  if (request.path == "/v1/models") return {.pieces = {dump(OrderedJson{{"data", {{{"id", model_of(part)}}}}})}};
  return unknown;
}

void converse(const Fd& connection, const Path& parts) {
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    ::setsockopt(connection.get(), SOL_SOCKET, option, &kSlowest, sizeof kSlowest);
  if (const auto request = read_request(connection.get())) respond(connection.get(), response_to(parts, *request));
}

Result<Fd> listen_on_loopback(int& port) {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  auto* address = reinterpret_cast<sockaddr*>(&name);
  if (!listener || ::bind(listener.get(), address, size) != 0 || ::listen(listener.get(), 64) != 0 ||
      ::getsockname(listener.get(), address, &size) != 0)
    return fail_errno("stand-in: listen on 127.0.0.1", errno);
  port = ntohs(name.sin_port);
  return listener;
}

/// One thread per connection, because one may have to wait while others are served.
void accept_one(const Fd& listener, const Path& parts) {
  Fd connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection) return;
  try {  // the thread library reports errors by throwing
    std::thread([parts, connection = std::move(connection)] { converse(connection, parts); }).detach();
  } catch (const std::system_error&) {
    return;  // the connection closes: one call of the drill fails and shows it
  }
}

}  // namespace

Result<int> serve(const World& world, const Path& sandbox) {
  if (!Part(sandbox).behavior()) return not_in_drill();
  const Path parts = sandbox / "parts";
  int port = 0;
  TRY(const Fd listener, listen_on_loopback(port));
  TRY_STATUS(write_all(world.out, "http://127.0.0.1:" + std::to_string(port) + "\n"));
  for (;;) {
    std::array<pollfd, 3> waited{
        {{listener.get(), POLLIN, 0}, {world.in, POLLIN, 0}, {world.interrupted.fd(), POLLIN, 0}}};
    if (::poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) break;
    if (waited[1].revents != 0 || world.interrupted.cancelled()) break;
    if (waited[0].revents != 0) accept_one(listener, parts);
  }
  std::_Exit(0);  // without waiting for threads: their work is not needed any more
}

}  // namespace delegate::cli::drill
