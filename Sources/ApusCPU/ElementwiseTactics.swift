package import ApusEngine
internal import ApusIR
internal import ApusLoops
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Element-wise operators, fused or single, on the vectorised tile executor.
package struct ElementwiseTactics: TacticSource {
  package let name = "cpu.elementwise"

  package init() {}

  package func tactics(for region: Region) -> [Tactic] {
    guard let program = Self.program(region), LoweredProgram(program) != nil,
      (region.operands + region.results).allSatisfy({
        $0.map { Self.isSupported($0.element) } ?? true
      })
    else { return [] }
    return [Tactic(source: name, name: "tiles")]
  }

  private static func isSupported(_ element: ElementType) -> Bool {
    Program.Lane(for: element) != nil && element.kernelElement != nil
  }

  /// The node's computation as a program, or nil where it has no lanes for it.
  static func program(_ region: Region) -> Program? {
    if let fused = region.operation as? Elementwise { return fused.program }
    guard let operation = region.operation as? any ElementwiseOperator,
      region.results.count == 1
    else { return nil }
    let elements = region.operands.compactMap { $0?.element }
    guard elements.count == region.operands.count else { return nil }
    var builder = ProgramBuilder(operands: elements)
    let values = elements.indices.map { builder.operand($0) }
    let result = region.results[0].element
    guard
      let value = operation.lower(
        into: &builder, operands: values, elements: elements, result: result)
    else { return nil }
    return try? builder.finish(outputs: [.init(value: value, element: result)])
  }

  package func stridedAccess(_ tactic: Tactic, _ region: Region) -> StridedAccess {
    StridedAccess(operands: Set(region.operands.indices))
  }

  package func instantiate(
    _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    guard tactic.name == "tiles", let program = Self.program(instance.region),
      let code = LoweredProgram(program)
    else { throw .unknown(tactic) }
    let shape = instance.shape(result: 0)
    let operandCount = program.operands.count
    var space = IterationSpace(
      extents: shape,
      strides: (0..<operandCount).map {
        IterationSpace.broadcastStrides(
          instance.shape(operand: $0), instance.strides(operand: $0), to: shape)
      } + [rowMajorStrides(shape)])
    space.collapse()
    guard space.extents.count <= Int(APUS_MAX_RANK) else {
      throw .unsuitable(tactic, reason: "more than \(APUS_MAX_RANK) dimensions remain")
    }
    let block = ArgumentBlock()
    let operands = (0..<operandCount).map {
      ProgramOperand(
        slot: instance.slot(operand: $0), element: program.operands[$0], strides: space.strides[$0])
    }
    let results = program.outputs.enumerated().map { index, output in
      ProgramOperand(
        slot: instance.slot(result: index), element: output.element,
        strides: space.strides[operandCount])
    }
    guard let lowered = unsafe block.program(code, operands: operands, results: results) else {
      throw .unsuitable(tactic, reason: "an element type has no kernel form")
    }
    var arguments = apus_elementwise_args()
    unsafe arguments.program = lowered
    arguments.rank = UInt32(space.extents.count)
    fill(&arguments.extent, space.extents)
    arguments.scratch = unsafe instance.scratch(
      bytesPerWorker: apus_elementwise_scratch_bytes(&arguments))
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(
        run: apus_elementwise_run, arguments: block, chunks: apus_elementwise_chunks(&arguments)))
  }
}
