#include "tests/fault/journal.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace am::fault {
namespace {

struct Note {
  std::uint64_t number = 0;
  std::uint64_t again = 0;  // the same, if it is whole
};

using Notes = Journal<Note>;

std::unique_ptr<Notes> MakeNotes(std::size_t capacity) {
  return *Notes::Make(capacity);
}

std::vector<std::uint64_t> NumbersIn(const Notes& notes) {
  std::vector<std::uint64_t> numbers;
  notes.ForEach([&](const Note& note) {
    EXPECT_EQ(note.number, note.again);
    numbers.push_back(note.number);
  });
  return numbers;
}

TEST(Journal, KeepsRecordsInOrder) {
  const auto notes = MakeNotes(10);
  for (std::uint64_t i = 1; i <= 3; ++i) notes->Append({i, i});
  EXPECT_EQ(NumbersIn(*notes), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(Journal, ARecordCanBeChangedWhereItStands) {
  const auto notes = MakeNotes(10);
  Note* const note = notes->Append({1, 1});
  *note = {5, 5};
  EXPECT_EQ(NumbersIn(*notes), std::vector<std::uint64_t>{5});
}

TEST(Journal, AFullOneCountsWhatItCannotTake) {
  const auto notes = MakeNotes(1);
  EXPECT_NE(notes->Append({1, 1}), nullptr);
  EXPECT_EQ(notes->overflow(), 0u);
  EXPECT_EQ(notes->Append({2, 2}), nullptr);
  EXPECT_EQ(notes->overflow(), 1u);
  EXPECT_EQ(NumbersIn(*notes), std::vector<std::uint64_t>{1});
}

TEST(Journal, ThreadsDoNotOverwriteEachOther) {
  constexpr std::uint64_t kEach = 10'000;
  const auto notes = MakeNotes(4 * kEach);
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&notes, t] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        notes->Append({t * kEach + i, t * kEach + i});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::uint64_t> numbers = NumbersIn(*notes);
  EXPECT_EQ(std::set<std::uint64_t>(numbers.begin(), numbers.end()).size(),
            4 * kEach);
}

// A child that appends until it is killed, and says through a pipe what it
// has appended.
TEST(Journal, WhatWasAppendedSurvivesKill9) {
  const auto notes = MakeNotes(1'000'000);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    for (std::uint64_t i = 1;; ++i) {
      notes->Append({i, i});
      if (write(ends[1], &i, sizeof(i)) != sizeof(i)) _exit(1);
    }
  }
  std::uint64_t said = 0;
  while (said < 1000) ASSERT_EQ(read(ends[0], &said, sizeof(said)), 8);
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  close(ends[1]);
  while (read(ends[0], &said, sizeof(said)) == sizeof(said)) {
  }
  close(ends[0]);
  const std::vector<std::uint64_t> numbers = NumbersIn(*notes);
  EXPECT_GE(numbers.size(), said);
  EXPECT_LE(numbers.size(), said + 1);
}

}  // namespace
}  // namespace am::fault
