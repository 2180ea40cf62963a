internal import ApusIR
internal import ApusOptimizer

/// The optimiser's passes as flags name them.
enum OptimizerPasses {
  static var names: [String] {
    var seen: Set<String> = []
    return Pipeline.passes().map(\.name).filter { seen.insert($0).inserted }
  }
}
