internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// TreeEnsemble, TreeEnsembleClassifier and TreeEnsembleRegressor.
enum Forests {
  static func regress(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.table(keepsDouble: true)
    var (forest, roots) = try trees(context, &attributes, votes: "target")
    let targets = try attributes.integer("n_targets", default: 1)
    let aggregate: VoteAggregate = try attributes.choice(
      "aggregate_function", default: .sum,
      [("SUM", .sum), ("AVERAGE", .average), ("MIN", .minimum), ("MAX", .maximum)])
    let function = try attributes.scoreFunction()
    let base = try numbers("base_values", context, &attributes, &forest.isDouble)
    guard base.isEmpty || base.count == targets else {
      throw .invalid("\(base.count) values for \(targets) targets", .attribute("base_values"))
    }
    let scores = try forest.build(
      context, x, roots: roots, aggregate: aggregate, targets: targets, base: base
    ).scores
    return [try context.cast(try context.transformed(scores, function), to: .float32)]
  }

  static func classify(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.table(keepsDouble: true)
    var (forest, roots) = try trees(context, &attributes, votes: "class")
    let labels = try ClassLabels(
      context, &attributes, texts: "classlabels_strings", integers: "classlabels_int64s")
    let function = try attributes.scoreFunction()
    let base = try numbers("base_values", context, &attributes, &forest.isDouble)
    let count = labels.count
    let (voted, allPositive) = forest.voteSummary
    // Two classes with votes for one of them: the votes tell for or against the second class.
    if count == 2, voted.count == 1, let column = voted.first, column == 0 || column == 1 {
      let threshold = allPositive ? 0.5 : 0
      guard base.count <= 2 else { throw baseError(base, count) }
      if column == 0 {
        let single = base.isEmpty ? [] : [base[0]]
        let scores = try forest.build(
          context, x, roots: roots, aggregate: .sum, targets: 1, base: single
        ).scores
        return [
          try labels.of(
            try context.one(ClassDecision(threshold: threshold), scores), context),
          try context.cast(
            try context.transformed(
              scores, function, second: allPositive ? .complement : .opposite), to: .float32),
        ]
      }
      let pair = base.count == 1 ? [0, base[0]] : base
      let scores = try forest.build(
        context, x, roots: roots, aggregate: .sum, targets: 2, base: pair
      ).scores
      let second = try context.one(Gather(axis: 1), scores, try context.vector([1]))
      return [
        try labels.of(try context.one(ClassDecision(threshold: threshold), second), context),
        try context.cast(try context.transformed(scores, function), to: .float32),
      ]
    }
    guard base.isEmpty || base.count == count else { throw baseError(base, count) }
    let (scores, votes) = try forest.build(
      context, x, roots: roots, aggregate: .sum, targets: count, base: base)
    // Base values count as votes.
    let classes = try context.one(ClassDecision(), scores, base.isEmpty ? votes : nil)
    let label =
      count == 1
      ? try context.binary(.multiply, classes, try context.integerScalar(0)) : classes
    return [
      try labels.of(label, context),
      try context.cast(try context.transformed(scores, function), to: .float32),
    ]
  }

  private static func baseError(_ base: [Double], _ count: Int) -> ImportError {
    .invalid("\(base.count) values for \(count) classes", .attribute("base_values"))
  }

  /// Numbers that are a list of floats or, since opset 3, a tensor in double precision.
  private static func numbers(
    _ name: String, _ context: NodeContext, _ attributes: inout AttributeReader,
    _ isDouble: inout Bool
  ) throws(ImportError) -> [Double] {
    if context.opset >= 3, let tensor = try attributes.tensor("\(name)_as_tensor"),
      tensor.count > 0
    {
      guard tensor.element.isFloatingPoint, let values = try? tensor.reals() else {
        throw .invalid("it holds \(tensor.element.name)", .attribute("\(name)_as_tensor"))
      }
      if tensor.element == .float64 { isDouble = true }
      return values
    }
    return try attributes.reals(name) ?? []
  }

  private struct NodeKey: Hashable {
    var tree: Int
    var node: Int
  }

  /// The nodes as the first versions list them: leaves among them, the votes in lists of their own.
  private static func trees(
    _ context: NodeContext, _ attributes: inout AttributeReader, votes: String
  ) throws(ImportError) -> (forest: ForestBuilder, roots: [ForestBuilder.Link]) {
    var forest = ForestBuilder()
    let treeIDs = try attributes.integers("nodes_treeids") ?? []
    let count = treeIDs.count
    func list(
      _ name: String, _ attributes: inout AttributeReader
    ) throws(ImportError) -> [Int] {
      let values = try attributes.integers(name) ?? []
      guard values.count == count else {
        throw .invalid("\(values.count) entries for \(count) nodes", .attribute(name))
      }
      return values
    }
    let ids = try list("nodes_nodeids", &attributes)
    let features = try list("nodes_featureids", &attributes)
    let firsts = try list("nodes_truenodeids", &attributes)
    let seconds = try list("nodes_falsenodeids", &attributes)
    let modes = try attributes.texts("nodes_modes") ?? []
    let thresholds = try numbers("nodes_values", context, &attributes, &forest.isDouble)
    let missing = try attributes.integers("nodes_missing_value_tracks_true") ?? []
    // How often a node is met only helps layouts.
    attributes.ignore("nodes_hitrates", "nodes_hitrates_as_tensor")
    guard modes.count == count, thresholds.count == count,
      missing.isEmpty || missing.count == count
    else { throw .invalid("the lists of the nodes' fields differ in length") }
    var links: [NodeKey: ForestBuilder.Link] = [:]
    var roots: [ForestBuilder.Link] = []
    for index in 0..<count {
      let link: ForestBuilder.Link
      if modes[index] == "LEAF" {
        link = forest.addLeaf()
      } else {
        link = forest.add(
          .init(
            feature: features[index], comparison: try comparison(modes[index]),
            threshold: thresholds[index],
            nanGoesFirst: missing.isEmpty ? false : missing[index] != 0, first: 0, second: 0))
      }
      let key = NodeKey(tree: treeIDs[index], node: ids[index])
      guard links.updateValue(link, forKey: key) == nil else {
        throw .invalid("tree \(key.tree) has two nodes \(key.node)")
      }
      if index == 0 || treeIDs[index - 1] != treeIDs[index] { roots.append(link) }
    }
    func find(_ tree: Int, _ node: Int) throws(ImportError) -> ForestBuilder.Link {
      guard let link = links[NodeKey(tree: tree, node: node)] else {
        throw .invalid("tree \(tree) has no node \(node)")
      }
      return link
    }
    for index in 0..<count where modes[index] != "LEAF" {
      let tree = treeIDs[index]
      forest.connect(
        try find(tree, ids[index]), first: try find(tree, firsts[index]),
        second: try find(tree, seconds[index]))
    }
    let weights = try numbers("\(votes)_weights", context, &attributes, &forest.isDouble)
    let voteTrees = try attributes.integers("\(votes)_treeids") ?? []
    let voteNodes = try attributes.integers("\(votes)_nodeids") ?? []
    let targets = try attributes.integers("\(votes)_ids") ?? []
    guard voteTrees.count == weights.count, voteNodes.count == weights.count,
      targets.count == weights.count
    else { throw .invalid("the lists of the votes' fields differ in length") }
    for index in weights.indices {
      let link = try find(voteTrees[index], voteNodes[index])
      // Votes at inner nodes are never met.
      if link < 0 { forest.vote(link, target: targets[index], weight: weights[index]) }
    }
    return (forest, roots)
  }

  private static func comparison(
    _ mode: String
  ) throws(ImportError) -> TreeForest.Comparison {
    switch mode {
    case "BRANCH_LEQ": .lessOrEqual
    case "BRANCH_LT": .less
    case "BRANCH_GTE": .greaterOrEqual
    case "BRANCH_GT": .greater
    case "BRANCH_EQ": .equal
    case "BRANCH_NEQ": .notEqual
    default: throw .invalid("'\(mode)' is no mode of a node", .attribute("nodes_modes"))
    }
  }
}
