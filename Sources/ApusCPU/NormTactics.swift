package import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Layer and RMS normalisation over contiguous rows.
package struct NormTactics: TacticSource {
  package let name = "cpu.norm"

  package init() {}

  package func tactics(for region: Region) -> [Tactic] {
    guard Self.axis(region.operation) != nil,
      region.operands.allSatisfy({ $0.map { $0.element == .float32 } ?? true }),
      region.results[0].element == .float32, let rank = region.operands[0]?.type.rank,
      let axis = try? normalize(axis: Self.axis(region.operation) ?? -1, rank: rank),
      // Scale and bias must cover the normalised axes exactly.
      region.operands.dropFirst().allSatisfy({ fact in
        guard let fact else { return true }
        guard let extents = fact.type.extents, let input = region.operands[0]?.type.extents else {
          return false
        }
        return extents == Array(input[axis...])
      })
    else { return [] }
    return [Tactic(source: name, name: "rows")]
  }

  private static func axis(_ operation: any Operator) -> Int? {
    if let layer = operation as? LayerNormalization { return layer.axis }
    if let rms = operation as? RMSNormalization { return rms.axis }
    return nil
  }

  package func instantiate(
    _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    let operation = instance.region.operation
    let shape = instance.shape(operand: 0)
    guard let raw = Self.axis(operation),
      let axis = try? normalize(axis: raw, rank: shape.count)
    else { throw .unknown(tactic) }
    let length = shape[axis...].reduce(1, *)
    var arguments = apus_norm_args()
    arguments.input.slot = instance.slot(operand: 0)
    arguments.output.slot = instance.slot(result: 0)
    if instance.hasOperand(1) { arguments.scale.slot = instance.slot(operand: 1) }
    if instance.hasOperand(2) { arguments.bias.slot = instance.slot(operand: 2) }
    arguments.rows = Int64(shape[..<axis].reduce(1, *))
    arguments.length = Int64(length)
    arguments.input_stride = Int64(length)
    arguments.output_stride = Int64(length)
    arguments.parameter_rows = 1
    arguments.parameter_block = 1
    if let layer = operation as? LayerNormalization {
      arguments.epsilon = layer.epsilon
      if layer.statistics {
        arguments.mean.slot = instance.slot(result: 1)
        arguments.inverse_deviation.slot = instance.slot(result: 2)
      }
    } else if let rms = operation as? RMSNormalization {
      arguments.epsilon = rms.epsilon
      arguments.root_mean_square = 1
    }
    let block = ArgumentBlock()
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(run: apus_norm_run, arguments: block, chunks: apus_norm_chunks(&arguments)))
  }
}
