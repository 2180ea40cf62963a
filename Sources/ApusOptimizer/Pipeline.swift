package import ApusIR

/// The passes in the order in which they run, each with the reason why it stands there.
package enum Pipeline {
  /// The passes, with what computes large products of weights. They are new ones each time, for folding
  /// keeps account of what it made.
  package static func passes(evaluator: WeightEvaluator? = nil) -> [any Pass] {
    [
      // First, so that every later pass sees constants as constants.
      ConstantFolding(evaluator: evaluator),
      // Shape arithmetic disappears before patterns look at what reads shapes.
      ShapeFolding(),
      // Conditions that follow from shapes are constants now; what a branch leaves is folded like the
      // graph around it.
      ConstantFolding(evaluator: evaluator),
      BranchInlining(),
      ConstantFolding(evaluator: evaluator),
      ShapeFolding(),
      // What folding left behind would hide producers from patterns.
      NoOpRemoval(),
      CommonSubexpressions(),
      // Needs constant parameters; before biases move into epilogues.
      BatchNormalizationFolding(),
      // Gives norms and activations one spelling.
      StrengthReduction(),
      RMSNormalizationRecomposition(),
      NormalizationScaleFusion(),
      // Constants that the rewrites above made foldable.
      ConstantFolding(evaluator: evaluator),
      NoOpRemoval(),
      // Before epilogues, which fix the order of a product's result.
      TransposeFolding(),
      BiasToEpilogue(),
      // Element-wise chains first become one program, then join the contraction before them.
      ElementwiseFusion(),
      EpilogueFusion(),
      CommonSubexpressions(),
    ]
  }
}
