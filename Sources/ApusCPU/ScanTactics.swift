package import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Running sums of f32 and i64.
package struct ScanTactics: TacticSource {
  package let name = "cpu.scan"

  package init() {}

  package func tactics(for region: Region) -> [Tactic] {
    guard region.operation is CumulativeSum, let data = region.operands[0],
      data.element == .float32 || data.element == .int64, region.operands[1]?.integers != nil
    else { return [] }
    return [Tactic(source: name, name: "lines")]
  }

  package func instantiate(
    _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    let shape = instance.shape(operand: 0)
    guard let scan = instance.region.operation as? CumulativeSum,
      let number = (try? instance.known[1]?.integers())?.first,
      let axis = try? normalize(axis: number, rank: shape.count)
    else { throw .unknown(tactic) }
    let element = instance.operandTypes[0]?.element.kernelElement ?? APUS_F32
    var arguments = apus_scan_args()
    arguments.input.slot = instance.slot(operand: 0)
    arguments.input.element = UInt32(element.rawValue)
    arguments.output.slot = instance.slot(result: 0)
    arguments.output.element = UInt32(element.rawValue)
    arguments.outer = Int64(shape[..<axis].reduce(1, *))
    arguments.length = Int64(shape[axis])
    arguments.inner = Int64(shape[(axis + 1)...].reduce(1, *))
    arguments.exclusive = scan.exclusive ? 1 : 0
    arguments.reverse = scan.reverse ? 1 : 0
    let block = ArgumentBlock()
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(run: apus_scan_run, arguments: block, chunks: apus_scan_chunks(&arguments)))
  }
}
