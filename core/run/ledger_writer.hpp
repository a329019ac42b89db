#pragma once
#include "core/run/ask.hpp"

namespace delegate {

/// Writes one run's row into the ledger, behind the guard "history": a ledger that keeps failing is paused for a
/// while, and an answer never depends on it.
class LedgerWriter {
 public:
  explicit LedgerWriter(const Engine& engine) : engine_(engine) {}

  void begin(const RunResult& started, const Request& request);
  /// While an attempt is under way.
  void prepare_to_finish();
  void finish(const RunResult& result);
  /// False: the guard keeps this run out of the ledger, its attempts as well.
  bool writes_rows() const { return entry_.may_run; }
  const std::vector<std::string>& remarks() const { return remarks_; }

 private:
  std::string summary_of(const Request& request) const;
  void keep_answer(const Attempt& answer);
  void enter_guard();
  void leave_guard();
  void note(const Status& written);

  const Engine& engine_;
  Guards::Entry entry_;
  std::optional<Error> trouble_;  // the first row that could not be written
  std::vector<std::string> remarks_;
  RunRow row_;
  bool is_awaited_ = true;  // by a person
};

}  // namespace delegate
