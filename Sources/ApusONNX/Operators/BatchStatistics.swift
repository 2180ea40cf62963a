internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// BatchNormalization in training: the batch's own statistics normalise it, and are mixed into the
/// running ones. Nothing is learned here; some exporters leave the mode on.
enum BatchStatistics {
  /// Results: the output, both running statistics, and the batch's own. Where `perPosition`, statistics
  /// belong to each element of an image rather than to a channel.
  static func normalize(
    _ context: NodeContext, epsilon: Double, momentum: Double, perPosition: Bool = false
  ) throws(ImportError) -> [ValueID?] {
    let data = try context.operand(0, "X")
    if let rank = context.rank(data), rank < 2 {
      throw .invalid("it has rank \(rank), expected 2 or more", .operand("X"))
    }
    let first = try context.vector([0])
    let axes =
      perPosition ? first : try context.joined([first, try context.spatialAxes(of: data)])
    let mean = try context.one(Reduce(.mean), data, axes)
    let centred = try context.binary(.subtract, data, mean)
    let square = try context.binary(.multiply, centred, centred)
    let variance = try context.one(Reduce(.mean), square, axes)
    let deviation = try context.unary(.sqrt, try context.binary(.add, variance, epsilon))
    let normal = try context.binary(.divide, centred, deviation)
    let element = context.element(data)
    func parameter(_ index: Int, _ name: String) throws(ImportError) -> ValueID {
      let value = try context.cast(try context.operand(index, name), to: element)
      return perPosition ? value : try context.aligned(value, toAxis: 1, of: data)
    }
    let scaled = try context.binary(.multiply, normal, try parameter(1, "scale"))
    let result = try context.binary(.add, scaled, try parameter(2, "B"))
    var results: [ValueID?] = [result]
    var batch: [ValueID?] = []
    for (index, name, own) in [(3, "input_mean", mean), (4, "input_var", variance)] {
      let old = try context.operand(index, name)
      let flat = try context.cast(
        try context.reshaped(own, to: [try context.extents(of: old)]), to: context.element(old))
      results.append(
        try context.binary(
          .add, try context.binary(.multiply, old, momentum),
          try context.binary(.multiply, flat, 1 - momentum)))
      batch.append(flat)
    }
    return results + batch
  }
}
