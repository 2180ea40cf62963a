package import ApusEngine

/// How an engine is built.
package struct BuildOptions: Sendable {
  /// 0 takes each region's likely fastest tactic and verifies and times nothing; from 1 on tactics
  /// are verified against the reference, and the fastest is taken.
  package var level = 0
  /// Threads of the engine; 0 takes every usable processor.
  package var threads = 0
  package var profiles: [Profile] = []
  package var disabledPasses: Set<String> = []
  package var stopAfterPatch: Int?
  /// Where timings are kept between builds; nil keeps none.
  package var timingCachePath: String?
  /// Seconds after which no further tactic is timed; what is left is chosen as at level 0.
  package var tuningSeconds: Double?
  /// Runs that a tactic's time is averaged over.
  package var averageTiming = 8
  /// Called with a phase's name, steps done and steps in all.
  package var progress: (@Sendable (_ phase: String, _ done: Int, _ total: Int) -> Void)?

  package init() {}
}

package enum BuildError: Error, Sendable {
  case optimizer(String)
  case tactic(node: String, TacticError)
}

extension BuildError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .optimizer(let reason): reason
    case .tactic(let node, let error): "node '\(node)': \(error)"
    }
  }
}
