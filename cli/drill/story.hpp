#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/drill/sandbox.hpp"
#include "cli/drill/scene.hpp"
#include "core/os/cancel.hpp"

namespace delegate::cli::drill {

/// What there is to see of a step: how often the patient was really started (or asked, over HTTP), who answered, and
/// its breaker afterwards as `delegate status` tells it.
struct Sight {
  int starts = 0;
  std::string answered;  // "gemini", "1 gemini, 7 ollama", "nobody (exit 4)"; empty: nobody was asked
  std::string breaker;   // "closed", "closed 1/3", "open", "half-open"

  bool operator==(const Sight&) const = default;
};
/// "1 start, answered by gemini, breaker closed".
std::string to_string(const Sight& sight, const Scene& scene);

struct Step {
  std::string name;
  Sight expected;
  Sight seen;
  milliseconds took{0};  // of the calls themselves
  std::string said;      // by the last call, on stderr

  bool held() const { return expected == seen; }
};

/// The steps of a drill, one after the other until one does not hold: the rest builds on it. Every step is made of
/// real processes, and nothing that is seen is assumed. No step depends on the machine's speed: if the break was over
/// before the next call could begin, it is repeated with a longer one.
class Story {
 public:
  using UnderWay = std::function<void(const std::string& name)>;
  Story(Sandbox& sandbox, const Scene& scene, const CancelToken& cancel, UnderWay under_way);

  /// Fails when the sandbox itself cannot be used.
  Result<std::vector<Step>> play();

 private:
  struct Answered {
    std::string by;
    bool probed = false;  // the patient was tried, and its breaker was not closed
    milliseconds took{0};
    std::string said;
  };
  bool is_well(const std::string& name);
  bool breaks();
  bool fails(const std::string& name, int calls, const std::string& breaker);
  bool is_left_alone();
  bool is_known_to_all();
  bool cools_down();
  bool races();
  bool falls_silent();
  bool is_signed_out();

  bool take(Step step);
  Step begin(const std::string& name, Sight expected);
  Answered ask(bool by_name = false) const;
  std::vector<Answered> ask_at_once();
  void ask_during_break(Step& step, bool by_name);
  std::string breaker() const;
  std::string breaker_of_a_sick_one();
  milliseconds rest_of_break() const;
  bool become(Mood mood);
  bool set_idle_timeout(milliseconds timeout);
  void lengthen_break();
  bool keep(const Status& done);

  std::string in_place_of_patient() const;
  std::string closed_after(int failures) const;
  int threshold() const { return scene_.role(scene_.patient).breaker.threshold; }

  Sandbox& sandbox_;
  const Scene& scene_;
  const CancelToken& cancel_;
  UnderWay under_way_;
  std::vector<Step> steps_;
  std::optional<Error> trouble_;
};

}  // namespace delegate::cli::drill
