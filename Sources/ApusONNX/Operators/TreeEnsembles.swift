internal import ApusIR
internal import ApusTensor

/// TreeEnsemble, which lists inner nodes and leaves apart.
enum TreeEnsembles {
  static func evaluate(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let x = try context.operand(0, "X")
    let modes = try required(&attributes, "nodes_modes")
    let splits = try required(&attributes, "nodes_splits")
    let leafWeights = try required(&attributes, "leaf_weights")
    let leafTargets = try list("leaf_targetids", leafWeights.count, &attributes)
    let members = try attributes.tensor("membership_values")
    attributes.ignore("nodes_hitrates")
    guard let codes = try? modes.integers(), let thresholds = try? splits.reals(),
      let weights = try? leafWeights.reals(), let values = try? members?.reals() ?? []
    else { throw .invalid("a tensor of the trees does not hold numbers") }
    var forest = ForestBuilder()
    forest.isDouble = splits.element == .float64 || leafWeights.element == .float64
    let leaves = weights.indices.map { _ in forest.addLeaf() }
    for (index, leaf) in leaves.enumerated() {
      forest.vote(leaf, target: leafTargets[index], weight: weights[index])
    }
    let links = try nodes(
      &forest, &attributes, codes, thresholds, sets: sets(values), leaves: leaves)
    var roots: [ForestBuilder.Link] = []
    for root in try attributes.integers("tree_roots") ?? [] {
      guard links.indices.contains(root) else {
        throw .invalid("there is no node \(root)", .attribute("tree_roots"))
      }
      roots.append(links[root])
    }
    let targets = try attributes.integer("n_targets", default: 1)
    let aggregates: [VoteAggregate] = [.average, .sum, .minimum, .maximum]
    let functions: [ScoreFunction] = [.none, .softmax, .logistic, .softmaxOfNonzero, .probit]
    let aggregate = try choice("aggregate_function", 1, aggregates, &attributes)
    let function = try choice("post_transform", 0, functions, &attributes)
    let scores = try forest.build(
      context, x, roots: roots, aggregate: aggregate, targets: targets, base: []
    ).scores
    return [try context.transformed(scores, function)]
  }

  /// Adds the nodes and returns their links; a membership test becomes a chain of comparisons.
  private static func nodes(
    _ forest: inout ForestBuilder, _ attributes: inout AttributeReader, _ codes: [Int],
    _ thresholds: [Double], sets: [[Double]], leaves: [ForestBuilder.Link]
  ) throws(ImportError) -> [ForestBuilder.Link] {
    let count = codes.count
    guard thresholds.count == count else {
      throw .invalid("\(thresholds.count) splits for \(count) nodes")
    }
    let features = try list("nodes_featureids", count, &attributes)
    let firsts = try list("nodes_truenodeids", count, &attributes)
    let seconds = try list("nodes_falsenodeids", count, &attributes)
    let firstLeaves = try list("nodes_trueleafs", count, &attributes)
    let secondLeaves = try list("nodes_falseleafs", count, &attributes)
    let missing =
      attributes.has("nodes_missing_value_tracks_true")
      ? try list("nodes_missing_value_tracks_true", count, &attributes) : []
    var links: [ForestBuilder.Link] = []
    var chains: [[ForestBuilder.Link]] = []
    var nextSet = 0
    for index in 0..<count {
      var node = ForestBuilder.Node(
        feature: features[index], comparison: .equal, threshold: thresholds[index],
        nanGoesFirst: missing.isEmpty ? false : missing[index] != 0, first: 0, second: 0)
      var values = [thresholds[index]]
      if codes[index] == memberMode {
        guard nextSet < sets.count else { throw .invalid("there are too few sets of members") }
        // Nothing equals NaN, so an empty set holds nothing.
        values = sets[nextSet].isEmpty ? [.nan] : sets[nextSet]
        nextSet += 1
      } else {
        guard let code = Int32(exactly: codes[index]),
          let comparison = TreeForest.Comparison(rawValue: code)
        else { throw .invalid("\(codes[index]) is no mode", .attribute("nodes_modes")) }
        node.comparison = comparison
      }
      var chain: [ForestBuilder.Link] = []
      for value in values {
        node.threshold = value
        chain.append(forest.add(node))
      }
      chains.append(chain)
      links.append(chain[0])
    }
    func link(_ place: Int, isLeaf: Int) throws(ImportError) -> ForestBuilder.Link {
      let known = isLeaf != 0 ? leaves : links
      guard known.indices.contains(place) else {
        throw .invalid("a node leads to \(isLeaf != 0 ? "leaf" : "node") \(place)")
      }
      return known[place]
    }
    for (index, chain) in chains.enumerated() {
      let first = try link(firsts[index], isLeaf: firstLeaves[index])
      let second = try link(seconds[index], isLeaf: secondLeaves[index])
      for (place, node) in chain.enumerated() {
        forest.connect(
          node, first: first, second: place + 1 < chain.count ? chain[place + 1] : second)
      }
    }
    return links
  }

  private static let memberMode = 6

  /// Lists that NaN separates; one after the last may be left out.
  private static func sets(_ values: [Double]) -> [[Double]] {
    var sets: [[Double]] = [[]]
    for value in values {
      if value.isNaN { sets.append([]) } else { sets[sets.count - 1].append(value) }
    }
    return sets
  }

  private static func required(
    _ attributes: inout AttributeReader, _ name: String
  ) throws(ImportError) -> HostTensor {
    guard let tensor = try attributes.tensor(name) else {
      throw .invalid("it is required", .attribute(name))
    }
    return tensor
  }

  private static func list(
    _ name: String, _ count: Int, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [Int] {
    let values = try attributes.integers(name) ?? []
    guard values.count == count else {
      throw .invalid("\(values.count) entries where \(count) are needed", .attribute(name))
    }
    return values
  }

  private static func choice<Value>(
    _ name: String, _ usual: Int, _ values: [Value], _ attributes: inout AttributeReader
  ) throws(ImportError) -> Value {
    let code = try attributes.integer(name, default: usual)
    guard values.indices.contains(code) else {
      throw .invalid("\(code) is no value of it", .attribute(name))
    }
    return values[code]
  }
}
