#include <fstream>
#include <sstream>

#include "tests/unit/canary/lab.hpp"

using namespace delegate;
using namespace delegate::test;

namespace {

using Lines = std::vector<std::string>;

NotificationRows alerts(CanaryLab& lab) {
  NotificationRows rows = lab.notifications();
  std::erase_if(rows, [](const NotificationRow& row) { return row.kind != "canary"; });
  return rows;
}

void violate(CanaryLab& lab) { lab.tamper("INSERT INTO job_requests VALUES ('run-a', '', '')"); }
void revert(CanaryLab& lab) { lab.tamper("DELETE FROM job_requests"); }

CanaryRecord record_of(CanaryLab& lab, const std::string& id) {
  return lab.store().canary()->records().value_or(CanaryRecordsById{})[id];
}

}  // namespace

TEST_CASE("on a new host every invariant holds") {
  CanaryLab lab;
  const canary::CycleReport report = lab.cycle();
  CHECK(report.results.size() == canary::invariants().size());
  for (const canary::InvariantResult& one : report.results) {
    CAPTURE(one.invariant->id, one.reason);
    CHECK(one.verdict == canary::Verdict::held);
  }
  CHECK(report.transitions.empty());
  CHECK(lab.notifications().empty());
}

TEST_CASE("every invariant says what it means, what is wrong and what to do, and has its place in the documentation") {
  std::ifstream file(std::string(SOURCE_DIRECTORY) + "/docs/canary.md");
  std::stringstream text;
  text << file.rdbuf();
  std::set<std::string_view> ids;
  for (const canary::Invariant& one : canary::invariants()) {
    CAPTURE(one.id);
    CHECK(ids.insert(one.id).second);
    CHECK(canary::invariant(one.id) == &one);
    CHECK(one.check != nullptr);
    CHECK(one.severity != NotificationSeverity::info);
    for (const std::string_view part : {one.name, one.meaning, one.remedy}) CHECK(part.size() > 10);
    CHECK(one.remedy.find('\n') == std::string_view::npos);
    CHECK(text.str().find("| " + std::string(one.id) + " |") != std::string::npos);
  }
  CHECK(canary::invariant("S-99") == nullptr);
}

TEST_CASE("a violation is announced once, with what was found and what to do, and so is its end") {
  CanaryLab lab;
  lab.cycle();
  violate(lab);
  CHECK(lab.cycle({"E-03"}).transitions == std::vector<canary::Transition>{{"E-03", true}});
  lab.clock.pass(5min);
  CHECK(lab.cycle({"E-03"}).transitions.empty());
  NotificationRows rows = alerts(lab);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].subject == "E-03");
  CHECK(rows[0].severity == NotificationSeverity::critical);
  CHECK(rows[0].title == "E-03: a queued run and its request do not match");
  CHECK(rows[0].message == "the request of run run-a is stored, but the run does not wait\n" +
                               std::string(canary::invariant("E-03")->remedy));
  CHECK(rows[0].delivery == DeliveryState::pending);
  revert(lab);
  CHECK(lab.cycle({"E-03"}).transitions == std::vector<canary::Transition>{{"E-03", false}});
  rows = alerts(lab);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].ended_at);
  CHECK(rows[0].acknowledged_at);
  CHECK(rows[1].title == "E-03 holds again");
  CHECK(rows[1].severity == NotificationSeverity::info);
  violate(lab);
  lab.cycle({"E-03"});
  CHECK(alerts(lab).size() == 3);
  CHECK(record_of(lab, "E-03").times == 2);
}

TEST_CASE("an announcement has five lines and says how many more there are") {
  CanaryLab lab;
  for (int i = 0; i < 8; ++i) lab.tamper("INSERT INTO job_requests VALUES ('run-" + std::to_string(i) + "', '', '')");
  lab.cycle({"E-03"});
  const std::string message = alerts(lab).at(0).message;
  CHECK(std::count(message.begin(), message.end(), '\n') == 6);
  CHECK(message.find("\n+3 more\n") != std::string::npos);
  CHECK(record_of(lab, "E-03").lines.size() == 8);
}

TEST_CASE("what only one of the two looks sees is no violation") {
  CanaryLab lab;
  violate(lab);
  lab.between_looks = [&] { revert(lab); };
  CHECK(lab.verdict("E-03") == "held");
  lab.between_looks = nullptr;
  violate(lab);
  lab.between_looks = [&] {
    revert(lab);
    lab.tamper("INSERT INTO job_requests VALUES ('run-b', '', '')");
  };
  CHECK(lab.verdict("E-03") == "held");  // another one each time
  CHECK(alerts(lab).empty());
}

TEST_CASE("a cycle that does not check an invariant, or cannot, neither ends nor repeats its violation") {
  CanaryLab lab;
  violate(lab);
  lab.cycle({"E-03"});
  lab.cycle({"B-01"});
  CHECK(record_of(lab, "E-03").violated_since);
  lab.unreadable = {SurveyPart::queue};
  CHECK(lab.verdict("E-03") == "error");
  CHECK(lab.reason("E-03").find("cannot be read") != std::string::npos);
  CHECK(record_of(lab, "E-03").verdict == "error");
  CHECK(record_of(lab, "E-03").violated_since);
  lab.unreadable = {};
  CHECK(lab.verdict("E-03") == "violated");
  CHECK(alerts(lab).size() == 1);
}

TEST_CASE("a source that cannot be read is an error of the checks that need it, and of no other") {
  using enum SurveyPart;
  struct Source {
    std::set<SurveyPart> parts;
    std::set<std::string> checks;
  };
  const Source source = GENERATE(from_range(std::vector<Source>{
      {{states}, {"S-01", "S-02", "S-03", "E-05", "B-01", "B-02", "R-02", "G-01", "H-01"}},
      {{queue}, {"S-02", "S-03", "E-01", "E-02", "E-03", "E-05", "E-06", "R-01", "R-02"}},
      {{history, sizes}, {"S-01", "E-05", "E-06", "L-03", "B-02", "H-01"}},
      {{notifications, sizes}, {"G-04", "H-01", "L-03"}},
      {{leases}, {"S-03", "E-06", "R-02", "C-01"}},
  }));
  CAPTURE(source.checks);
  CanaryLab lab;
  lab.cycle();
  lab.unreadable = source.parts;
  std::set<std::string> errors;
  for (const canary::InvariantResult& one : lab.cycle().results)
    if (one.verdict == canary::Verdict::error) errors.insert(std::string(one.invariant->id));
  CHECK(errors == source.checks);
}

TEST_CASE("one process of a host checks at a time") {
  CanaryLab lab;
  IdleProcess other;
  const auto is_dead = [](const ProcessId&) { return false; };
  REQUIRE(lab.store().canary()->lead(other.id(), 1min, is_dead));
  CHECK_THROWS_WITH(lab.cycle(), "another process (" + std::to_string(other.pid()) + ") is checking just now");
  other.end();
  CHECK_NOTHROW(lab.cycle());  // that one was killed
  const auto after = lab.store().canary()->lead(lab.self(), 1min, is_dead);
  CHECK((after && !*after));  // and this one has given up its lease
}

TEST_CASE("a process whose lease was taken over in the middle of a cycle changes nothing") {
  CanaryLab lab;
  IdleProcess other;
  violate(lab);
  lab.between_looks = [&] {
    lab.clock.pass(2min);
    REQUIRE(lab.store().canary()->lead(other.id(), 1min, [](const ProcessId&) { return false; }));
  };
  CHECK_THROWS_WITH(lab.cycle({"E-03"}), "another process has taken over the check");
  CHECK(record_of(lab, "E-03").verdict.empty());
  CHECK(alerts(lab).empty());
}

TEST_CASE("a file that is replaced in the middle of a cycle takes the lease with it, not the result") {
  CanaryLab lab;
  violate(lab);
  lab.between_looks = [&] { lab.tamper("DELETE FROM leases"); };
  CHECK(lab.cycle({"E-03"}).is_remembered());
  CHECK(record_of(lab, "E-03").verdict == "violated");
}

TEST_CASE("a cycle that is only wanted if the last one is old does nothing before that") {
  CanaryLab lab;
  lab.options.if_older = 5min;
  lab.cycle();
  violate(lab);
  lab.clock.pass(4min);
  lab.cycle();
  CHECK(record_of(lab, "E-03").verdict == "held");
  lab.clock.pass(2min);
  lab.cycle();
  CHECK(record_of(lab, "E-03").verdict == "violated");
}
