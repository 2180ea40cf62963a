internal import ApusEngine
internal import ApusIR
internal import ApusTensor

/// Where outputs are written: kernels write straight into the tensor that the caller gets, unless the
/// output shares memory with an input, a constant or another output.
struct OutputBuffers {
  private var direct: [Int: HostTensor] = [:]

  /// Values that stay in a cache.
  private let cached: Set<ValueID>

  init(cached: Set<ValueID>) { self.cached = cached }

  mutating func redirect(
    _ graph: Graph, _ segment: Segment,
    _ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) throws(RuntimeError) {
    // Only values computed in the last segment: earlier ones hold data already.
    let placed = Set(segment.placements.map(\.slot))
    var taken: Set<UInt32> = []
    for (index, output) in graph.outputs.enumerated() {
      guard !cached.contains(output.value),
        let slot = segment.state.denseSlot(output.value), placed.contains(slot),
        taken.insert(slot).inserted,
        let type = segment.state.facts[output.value]?.type, let shape = type.fixedShape
      else { continue }
      do {
        let storage = try Storage.uninitialized(
          byteCount: try HostTensor.byteCount(type.element, shape))
        direct[index] = try HostTensor(type.element, shape: shape, storage: storage)
        unsafe slots[Int(slot)] = unsafe storage.address
      } catch { throw .tensor(error) }
    }
  }

  /// The outputs in order; nil for those that stay in a cache. `hosted` are values outside of the arena.
  func collect(
    _ graph: Graph, _ state: SpecializationState,
    _ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ hosted: [ValueID: HostValue]
  ) throws(RuntimeError) -> [HostValue?] {
    var results: [HostValue?] = []
    for (index, output) in graph.outputs.enumerated() {
      if let tensor = direct[index] {
        results.append(.tensor(tensor))
        continue
      }
      if let value = hosted[output.value] {
        results.append(value)
        continue
      }
      if cached.contains(output.value) {
        results.append(nil)
        continue
      }
      let fact = state.facts[output.value] ?? graph.fact(output.value)
      if let known = fact.known {
        results.append(.tensor(known))
        continue
      }
      guard let slot = state.denseSlot(output.value), let address = unsafe slots[Int(slot)],
        let shape = fact.type.fixedShape
      else {
        throw .missingInput(name: output.name, expected: fact.type)
      }
      do {
        let bytes = try HostTensor.byteCount(fact.element, shape)
        unsafe results.append(
          .tensor(
            try HostTensor(
              fact.element, shape: shape,
              bytes: UnsafeRawBufferPointer(start: address, count: bytes))))
      } catch { throw .tensor(error) }
    }
    return results
  }
}
