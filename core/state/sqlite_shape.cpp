#include "core/state/sqlite_shape.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "core/base/text.hpp"

namespace delegate::sqlite {
namespace {

struct Column {
  std::string type;
  bool is_required = false;  // NOT NULL
  std::string fallback;      // its default, as SQL; empty: none
  std::int64_t key = 0;      // its place in the primary key, from 1
  bool is_computed = false;

  bool may_be_missing() const { return key == 0 && (!is_required || !fallback.empty()); }
  bool operator==(const Column&) const = default;
};

struct Table {
  std::string statement;
  bool is_strict = false;
  bool has_no_rowid = false;
  std::map<std::string, Column> columns;
  std::set<std::string> unique;  // what the table itself declares, each as a list of columns
};

struct Index {
  std::string statement;
  bool is_unique = false;
  std::string table;
};

/// The parts of a schema that statements depend on.
struct Shape {
  std::map<std::string, Table> tables;
  std::map<std::string, Index> indexes;  // without those that a table declares
  std::set<std::string> others;          // views and virtual tables
};

/// Only what the file itself says makes it a damaged one, and not that memory or the disk fails.
Code code_of_reading(int result) {
  switch (result & 0xFF) {
    case SQLITE_ERROR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Code::data_loss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Code::busy;
    default: return Code::unavailable;
  }
}

template <class Read>
Status for_each_row(sqlite3* file, const char* sql, const std::string& parameter, const Read& read) {
  sqlite3_stmt* raw = nullptr;
  if (const int result = sqlite3_prepare_v2(file, sql, -1, &raw, nullptr); result != SQLITE_OK)
    return fail(code_of_reading(result), std::string("its schema cannot be read: ") + sqlite3_errmsg(file));
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owned(raw, sqlite3_finalize);
  Statement row(raw);
  if (!parameter.empty()) row.bind(parameter);
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return {};
    read(row);
  }
}

constexpr const char* kTables =
    "SELECT l.name, l.type, l.strict, l.wr, s.sql FROM pragma_table_list l JOIN sqlite_schema s ON s.name = l.name "
    "WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
constexpr const char* kColumns = "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?)";
constexpr const char* kUnique =
    "SELECT (SELECT group_concat(name) FROM pragma_index_info(l.name)) FROM pragma_index_list(?) l WHERE origin = 'u'";
constexpr const char* kIndexes =
    "SELECT l.name, l.\"unique\", s.sql FROM pragma_index_list(?) l JOIN sqlite_schema s ON s.name = l.name "
    "WHERE l.origin = 'c'";

Result<Shape> shape_of(sqlite3* file) {
  Shape shape;
  TRY_STATUS(for_each_row(file, kTables, "", [&](const Statement& row) {
    if (row.text(1) != "table") shape.others.insert(row.text(0));
    else shape.tables[row.text(0)] = {row.text(4), row.integer(2) != 0, row.integer(3) != 0, {}, {}};
  }));
  for (auto& entry : shape.tables) {
    const std::string& name = entry.first;
    Table& table = entry.second;
    TRY_STATUS(for_each_row(file, kColumns, name, [&](const Statement& row) {
      table.columns[row.text(0)] = {row.text(1), row.integer(2) != 0, row.text(3), row.integer(4), row.integer(5) != 0};
    }));
    TRY_STATUS(for_each_row(file, kUnique, name, [&](const Statement& row) { table.unique.insert(row.text(0)); }));
    TRY_STATUS(for_each_row(file, kIndexes, name, [&](const Statement& row) {
      shape.indexes[row.text(0)] = {row.text(2), row.integer(1) != 0, name};
    }));
  }
  return shape;
}

/// After each of the steps; the first one is that of an empty file.
Result<std::vector<Shape>> shapes_after(std::span<const char* const> steps) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(":memory:", &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> memory(raw, sqlite3_close);
  if (opened != SQLITE_OK) return fail(Code::unavailable, "a database in memory cannot be opened");
  std::vector<Shape> shapes(1);
  for (const char* step : steps) {
    if (sqlite3_exec(raw, step, nullptr, nullptr, nullptr) != SQLITE_OK)
      return fail(Code::unavailable, std::string("a step of the schema fails: ") + sqlite3_errmsg(raw));
    TRY(Shape shape, shape_of(raw));
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

/// All that any of them has.
Shape union_of(const std::vector<Shape>& shapes) {
  Shape all;
  for (const Shape& shape : shapes) {
    for (const auto& [name, table] : shape.tables) {
      all.tables[name].columns.insert(table.columns.begin(), table.columns.end());
    }
    all.indexes.insert(shape.indexes.begin(), shape.indexes.end());
  }
  return all;
}

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

/// From a shape to the one that is wanted, and why that is not possible.
class Comparison {
 public:
  Comparison(const Shape& found, const Shape& wanted, const Shape& known)
      : found_(found), wanted_(wanted), known_(known) {
    look_for_strangers();
    for (const auto& [name, table] : wanted.tables) compare(name, table);
    for (const auto& [name, index] : wanted.indexes) compare(name, index);
  }

  bool is_possible() const { return impossible_.empty(); }
  const std::string& why_not() const { return impossible_; }
  /// Missing and other indexes only make queries slower.
  bool is_exact() const { return is_possible() && !changes_tables_; }
  SchemaRepair repair() const { return {0, statements_, join(what_, ", ")}; }

 private:
  void give_up(const std::string& why) {
    if (impossible_.empty()) impossible_ = why;
  }
  void add(std::string statement, std::string what) {
    statements_.push_back(std::move(statement));
    what_.push_back(std::move(what));
  }

  /// A name that a step gives to something else, and tables of other steps.
  void look_for_strangers() {
    for (const std::string& name : found_.others)
      if (known_.tables.count(name) != 0 || known_.indexes.count(name) != 0) give_up(name + " is not a table");
    for (const auto& [name, table] : found_.tables) {
      if (known_.indexes.count(name) != 0) give_up(name + " is not an index");
      if (known_.tables.count(name) != 0 && wanted_.tables.count(name) == 0) give_up("there is a table " + name);
    }
    for (const auto& [name, index] : found_.indexes) {
      if (known_.tables.count(name) != 0) give_up(name + " is not a table");
      // It could refuse rows that ours do not.
      if (index.is_unique && wanted_.tables.count(index.table) != 0 && wanted_.indexes.count(name) == 0)
        add("DROP INDEX " + quoted(name), "index " + name + " was in the way");
    }
  }

  void compare(const std::string& name, const Table& wanted) {
    const auto found = found_.tables.find(name);
    if (found == found_.tables.end()) {
      changes_tables_ = true;
      return add(wanted.statement, "table " + name + " was missing");
    }
    const Table& table = found->second;
    if (table.is_strict != wanted.is_strict || table.has_no_rowid != wanted.has_no_rowid ||
        table.unique != wanted.unique)
      give_up("table " + name + " is a different one");
    for (const auto& [column, facts] : wanted.columns) compare(name, table, column, facts);
    for (const auto& [column, facts] : table.columns) {
      if (wanted.columns.count(column) != 0) continue;
      if (known_.tables.at(name).columns.count(column) != 0 || !facts.may_be_missing())
        give_up("table " + name + " has a column " + column);
    }
  }

  void compare(const std::string& name, const Table& table, const std::string& column, const Column& wanted) {
    const std::string both = name + "." + column;
    if (const auto found = table.columns.find(column); found != table.columns.end()) {
      if (found->second != wanted) give_up("column " + both + " is a different one");
      return;
    }
    if (!wanted.may_be_missing()) return give_up("column " + both + " is missing");
    changes_tables_ = true;
    add("ALTER TABLE " + name + " ADD COLUMN " + column + " " + wanted.type + (wanted.is_required ? " NOT NULL" : "") +
            (wanted.fallback.empty() ? "" : " DEFAULT " + wanted.fallback),
        "column " + both + " was missing");
  }

  void compare(const std::string& name, const Index& wanted) {
    const auto found = found_.indexes.find(name);
    if (found == found_.indexes.end()) return add(wanted.statement, "index " + name + " was missing");
    if (found->second.statement == wanted.statement) return;
    statements_.push_back("DROP INDEX " + name);
    add(wanted.statement, "index " + name + " was a different one");
  }

  const Shape& found_;
  const Shape& wanted_;
  const Shape& known_;
  bool changes_tables_ = false;
  std::vector<std::string> statements_;
  std::vector<std::string> what_;
  std::string impossible_;
};

/// A file of ours in any state: other programs have tables called `jobs` and `runs`, too, but none with our columns.
bool is_ours(const Shape& found, const std::vector<Shape>& shapes) {
  constexpr const char* kOurs = "backend_state";
  if (found.tables.count(kOurs) != 0 || found.others.count(kOurs) != 0) return true;
  return std::any_of(found.tables.begin(), found.tables.end(), [&](const auto& table) {
    return std::any_of(shapes.begin(), shapes.end(), [&](const Shape& shape) {
      const auto same = shape.tables.find(table.first);
      return same != shape.tables.end() && same->second.columns == table.second.columns;
    });
  });
}

}  // namespace

Result<SchemaRepair> plan_repair(sqlite3* file, std::span<const char* const> steps, std::size_t claimed) {
  TRY(const Shape found, shape_of(file));
  const bool is_empty = found.tables.empty() && found.others.empty();
  if (is_empty && claimed == 0) return SchemaRepair{};
  TRY(const std::vector<Shape> shapes, shapes_after(steps));
  const Shape known = union_of(shapes);
  if (is_empty) return SchemaRepair{0, {}, "all tables were missing"};
  if (!is_ours(found, shapes))
    return fail(Code::invalid_argument, "it has tables of another program",
                "set state.path to a file that only delegate uses");

  const auto made = [&](std::size_t done, const Comparison& comparison) {
    SchemaRepair repair = comparison.repair();
    repair.steps = done;
    return repair;
  };
  const Comparison as_claimed(found, shapes[claimed], known);
  if (as_claimed.is_exact()) return made(claimed, as_claimed);
  for (std::size_t steps_made = shapes.size(); steps_made-- > 1;) {
    const Comparison other(found, shapes[steps_made], known);
    if (!other.is_exact()) continue;
    SchemaRepair repair = made(steps_made, other);
    repair.what =
        as_claimed.is_possible() ? as_claimed.repair().what : "the version in its header was not that of its tables";
    return repair;
  }
  if (as_claimed.is_possible()) return made(claimed, as_claimed);
  return fail(Code::data_loss, as_claimed.why_not());
}

}  // namespace delegate::sqlite
