package import ApusIR
internal import ApusTensor

/// Replaces integer vectors whose elements follow from input shapes by one `extents` node, so that the
/// shape arithmetic of exporters becomes dead code.
package struct ShapeFolding: Pass {
  package let name = "shape-folding"

  /// The longest vector that is worth an `extents` node.
  package var limit = 64

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard !(node.operation is Extents) else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    for result in node.results where !uses.isUnused(result) {
      let fact = graph.fact(result)
      if let known = fact.known, fact.element.isInteger {
        patch.replace(
          result, with: .constant(Weight(name: "\(node.name).shape", tensor: known)))
        continue
      }
      guard fact.element == .int64, let rank = fact.type.rank, rank <= 1,
        let contents = fact.contents, contents.count <= limit,
        !contents.contains(where: \.dependsOnData)
      else { continue }
      let extents = Extents(contents, scalar: rank == 0)
      patch.replace(result, with: patch.add(extents, [], name: "\(node.name).extents"))
    }
    return patch.replacements.isEmpty ? nil : patch
  }
}
