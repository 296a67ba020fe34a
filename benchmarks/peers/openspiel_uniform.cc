// OpenSpiel's C++ search as one of the players, with an evaluator that costs nothing: every action alike, every position
// even. Its Python package has no such evaluator, so this is compiled beside its sources, in the unpacked source archive
// of that package (pip download --no-deps --no-binary :all: open_spiel):
//
//     F="-O3 -DNDEBUG -std=c++17 -w -I. -Iopen_spiel -Iopen_spiel/abseil-cpp -Iopen_spiel/json/include"
//     A=$(cd open_spiel/abseil-cpp/absl; find base container debugging hash numeric profiling random strings
//         synchronization time -name '*.cc' | grep -vE 'test|bench|mock|cord|failure|leak|matchers|print_|gentables')
//     S="spiel spiel_utils game_parameters observer action_view policy spiel_bots simultaneous_move_game algorithms/mcts
//        games/connect_four/connect_four games/othello/othello games/go/go games/go/go_board games/chess/chess_common
//        utils/status utils/usage_logging"
//     for f in $A; do g++ $F -c open_spiel/abseil-cpp/absl/$f -o $(echo $f | tr / _).o; done; ar rcs absl.a *.o; rm *.o
//     for f in $S; do g++ $F -c open_spiel/$f.cc -o $(echo $f | tr / _).o; done
//     g++ $F openspiel_uniform.cc *.o absl.a -pthread -o uniform
//
// Arguments: simulations, games. It speaks as serving.py does.

#include <ctime>

#include <chrono>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "open_spiel/algorithms/mcts.h"
#include "open_spiel/spiel.h"

namespace {

using open_spiel::State;
namespace algorithms = open_spiel::algorithms;

constexpr int kOpeningPlies = 6;
constexpr int kStates = 32;

class Uniform : public algorithms::Evaluator {
 public:
  std::vector<double> Evaluate(const State&) override { return {0.0, 0.0}; }
  open_spiel::ActionsAndProbs Prior(const State& state) override {
    open_spiel::ActionsAndProbs out;
    const std::vector<open_spiel::Action> legal = state.LegalActions();
    out.reserve(legal.size());
    for (const open_spiel::Action action : legal) out.emplace_back(action, 1.0 / legal.size());
    return out;
  }
};

// Searches from positions after a few random plies, in turn.
struct Work {
  std::string name;
  std::shared_ptr<const open_spiel::Game> game;
  std::vector<std::unique_ptr<State>> states;
  std::unique_ptr<algorithms::MCTSBot> bot;
  std::size_t next = 0;

  Work(const std::string& name, const std::string& load, int simulations) : name(name), game(open_spiel::LoadGame(load)) {
    std::mt19937 random(0);
    while (states.size() < kStates) {
      std::unique_ptr<State> state = game->NewInitialState();
      for (int ply = 0; ply < kOpeningPlies; ++ply) {
        const std::vector<open_spiel::Action> legal = state->LegalActions();
        state->ApplyAction(legal[random() % legal.size()]);
      }
      states.push_back(std::move(state));
    }
    bot = std::make_unique<algorithms::MCTSBot>(*game, std::make_shared<Uniform>(), 1.25, simulations, 1000, false, 1,
                                                false, algorithms::ChildSelectionPolicy::PUCT);
  }

  void Search() { bot->MCTSearch(*states[next++ % kStates]); }
};

double Cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double Wall() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int simulations = std::stoi(argv[1]);
  std::vector<Work> works;
  for (int i = 2; i < argc; ++i) {
    const std::string name = argv[i];
    works.emplace_back(name + "-puct", name == "go" ? "go(board_size=9,komi=7.5)" : name, simulations);
  }
  std::cout << "{\"versions\": {}, \"works\": [";
  for (std::size_t i = 0; i < works.size(); ++i) std::cout << (i ? ", " : "") << '"' << works[i].name << '"';
  std::cout << "]}" << std::endl;
  std::string name;
  double seconds;
  while (std::cin >> name >> seconds) {
    for (Work& work : works) {
      if (work.name != name) continue;
      long done = 0;
      const double cpu = Cpu(), wall = Wall();
      for (; Cpu() - cpu < seconds && Wall() - wall < 4 * seconds; done += simulations) work.Search();
      std::cout << "{\"simulations\": " << done << ", \"cpu_s\": " << Cpu() - cpu << ", \"wall_s\": " << Wall() - wall
                << "}" << std::endl;
    }
  }
}
