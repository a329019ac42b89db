#pragma once
#include "core/os/clock.hpp"
#include "core/state/sqlite_database.hpp"
#include "core/state/survey.hpp"

namespace delegate::sqlite {

/// In one read transaction. Called with the store locked.
Survey survey(Database& database, const Clock& clock, SurveyDepth depth);

}  // namespace delegate::sqlite
