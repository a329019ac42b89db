// `age_state FILE RUNS`: a state file as after a year of use.
#include <cstdlib>

#include "tests/bench/aged_state.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  delegate::bench::fill_history(argv[1], std::atol(argv[2]));
}
