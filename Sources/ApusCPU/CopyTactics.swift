package import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Data movement as strided copies: transpose, slice, split, concatenate, expand.
package struct CopyTactics: TacticSource {
  package let name = "cpu.copy"

  package init() {}

  package func tactics(for region: Region) -> [Tactic] {
    guard let element = region.operands.first??.element, element.bitWidth >= 8 else { return [] }
    switch region.operation {
    case is Transpose, is Slice, is Split, is Concat, is Expand:
      return [Tactic(source: name, name: "strided")]
    default: return []
    }
  }

  package func stridedAccess(_ tactic: Tactic, _ region: Region) -> StridedAccess {
    let data = region.operation is Concat ? Set(region.operands.indices) : [0]
    return StridedAccess(operands: data, results: true)
  }

  /// One strided copy between an operand and a result.
  private struct Move {
    var source: UInt32
    var target: UInt32
    var extents: [Int]
    var sourceStrides: [Int]
    var targetStrides: [Int]
    var sourceOffset = 0
    var targetOffset = 0
  }

  package func instantiate(
    _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    let size = (instance.operandTypes.first??.element.bitWidth ?? 0) / 8
    for move in try moves(tactic, instance) {
      var space = IterationSpace(
        extents: move.extents, strides: [move.sourceStrides, move.targetStrides])
      space.collapse()
      guard space.extents.count <= Int(APUS_MAX_RANK) else {
        throw .unsuitable(tactic, reason: "more than \(APUS_MAX_RANK) dimensions remain")
      }
      var arguments = apus_copy_args()
      arguments.source = move.source
      arguments.target = move.target
      arguments.element_size = UInt32(size)
      arguments.rank = UInt32(space.extents.count)
      arguments.source_offset = Int64(move.sourceOffset)
      arguments.target_offset = Int64(move.targetOffset)
      fill(&arguments.extent, space.extents)
      fill(&arguments.source_stride, space.strides[0])
      fill(&arguments.target_stride, space.strides[1])
      let block = ArgumentBlock()
      unsafe block.store(arguments)
      unsafe instance.append(
        KernelStep(run: apus_copy_run, arguments: block, chunks: apus_copy_chunks(&arguments)))
    }
  }

  private func moves(_ tactic: Tactic, _ instance: RegionInstance) throws(TacticError) -> [Move] {
    let input = instance.shape(operand: 0)
    let output = instance.shape(result: 0)
    let strides = instance.strides(operand: 0)
    var whole = Move(
      source: instance.slot(operand: 0), target: instance.slot(result: 0), extents: output,
      sourceStrides: strides, targetStrides: instance.strides(result: 0))
    switch instance.region.operation {
    case let transpose as Transpose:
      guard let order = try? transpose.permutation(rank: input.count) else {
        throw .unsuitable(tactic, reason: "the permutation does not fit")
      }
      whole.sourceStrides = order.map { strides[$0] }
      return [whole]
    case is Expand:
      whole.sourceStrides = IterationSpace.broadcastStrides(input, strides, to: output)
      return [whole]
    case is Slice:
      try cut(&whole, input, tactic, instance)
      return [whole]
    case let split as Split:
      guard let axis = try? normalize(axis: split.axis, rank: input.count) else {
        throw .unsuitable(tactic, reason: "the axis does not fit")
      }
      var start = 0
      return instance.resultTypes.indices.map { index in
        let shape = instance.shape(result: index)
        defer { start += shape[axis] }
        return Move(
          source: whole.source, target: instance.slot(result: index), extents: shape,
          sourceStrides: strides, targetStrides: instance.strides(result: index),
          sourceOffset: start * strides[axis])
      }
    case let concat as Concat:
      guard let axis = try? normalize(axis: concat.axis, rank: output.count) else {
        throw .unsuitable(tactic, reason: "the axis does not fit")
      }
      var start = 0
      var moves: [Move] = []
      for index in instance.operandTypes.indices {
        let move = Move(
          source: instance.slot(operand: index), target: whole.target,
          extents: instance.shape(operand: index), sourceStrides: instance.strides(operand: index),
          targetStrides: whole.targetStrides, targetOffset: start * whole.targetStrides[axis])
        start += move.extents[axis]
        // A cache is the head of what is appended to it.
        let isInPlace = move.source == move.target && move.sourceStrides == move.targetStrides
        if !isInPlace { moves.append(move) }
      }
      return moves
    default: throw .unknown(tactic)
    }
  }

  private func cut(
    _ move: inout Move, _ input: [Int], _ tactic: Tactic, _ instance: RegionInstance
  ) throws(TacticError) {
    func numbers(_ index: Int) -> [Int]? {
      guard instance.known.indices.contains(index), let tensor = instance.known[index] else {
        return nil
      }
      return try? tensor.integers()
    }
    guard let starts = numbers(1), let ends = numbers(2) else {
      throw .unsuitable(tactic, reason: "the bounds are not known")
    }
    let listed = instance.hasOperand(3) ? numbers(3) : Array(starts.indices)
    guard let listed, let axes = try? normalize(axes: listed, rank: input.count) else {
      throw .unsuitable(tactic, reason: "the axes are not known")
    }
    let steps = instance.hasOperand(4) ? numbers(4) : nil
    for (index, axis) in axes.enumerated() {
      let cut = Slice.cut(
        input[axis], from: starts[index], to: ends[index], step: steps?[index] ?? 1)
      move.sourceOffset += cut.start * move.sourceStrides[axis]
      move.sourceStrides[axis] *= cut.step
    }
  }
}
