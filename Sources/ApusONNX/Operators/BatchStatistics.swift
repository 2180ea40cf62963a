internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// BatchNormalization-14 with `training_mode`: the batch's own statistics normalise it, and are mixed
/// into the running ones. Nothing is learned here; some exporters leave the mode on.
enum BatchStatistics {
  static func normalize(
    _ context: NodeContext, epsilon: Double, momentum: Double
  ) throws(ImportError) -> [ValueID?] {
    let data = try context.operand(0, "X")
    let rank = try context.knownRank(data, "X")
    guard rank >= 2 else {
      throw .invalid("it has rank \(rank), expected 2 or more", .operand("X"))
    }
    let axes = try context.vector([0] + Array(2..<rank))
    let mean = try context.one(Reduce(.mean), data, axes)
    let centred = try context.binary(.subtract, data, mean)
    let square = try context.binary(.multiply, centred, centred)
    let variance = try context.one(Reduce(.mean), square, axes)
    let deviation = try context.unary(.sqrt, try context.binary(.add, variance, epsilon))
    let normal = try context.binary(.divide, centred, deviation)
    let element = context.element(data)
    func channels(_ index: Int, _ name: String) throws(ImportError) -> ValueID {
      let value = try context.cast(try context.operand(index, name), to: element)
      if rank == 2 { return value }
      return try context.one(Unsqueeze(), value, try context.vector(Array(1..<(rank - 1))))
    }
    let scaled = try context.binary(.multiply, normal, try channels(1, "scale"))
    let result = try context.binary(.add, scaled, try channels(2, "B"))
    func running(_ index: Int, _ name: String, _ batch: ValueID) throws(ImportError) -> ValueID {
      let old = try context.operand(index, name)
      let flat = try context.cast(
        try context.one(Squeeze(), batch, axes), to: context.element(old))
      return try context.binary(
        .add, try context.binary(.multiply, old, momentum),
        try context.binary(.multiply, flat, 1 - momentum))
    }
    return [
      result, try running(3, "input_mean", mean), try running(4, "input_var", variance),
    ]
  }
}
