internal import ApusEngine
internal import ApusIR
internal import ApusTensor

/// From the shapes of inputs to the values of the graph's symbols.
extension Specializer {
  func bind(_ shapes: [[Int]]) throws(RuntimeError) -> InputShapes {
    let graph = plan.graph
    // A container's shapes play no part before its values are looked at.
    let tensors = zip(graph.inputs, shapes).filter { graph.valueType($0.0).isTensor }
    let inputs = tensors.map { input, shape in
      SymbolBindings.Input(name: graph[input].name, type: graph.type(input), shape: shape)
    }
    do {
      return InputShapes(inputs: shapes, bindings: try SymbolBindings.bind(inputs))
    } catch { throw .binding(error) }
  }

  /// With a cache: the pasts' lengths are the cache's, their other extents follow from the inputs
  /// given. Makes room in the cache where the length after the run is known beforehand.
  func bind(_ inputs: [HostValue?], _ cache: KVCache) throws(RuntimeError) -> InputShapes {
    let graph = plan.graph
    let length = cache.length
    var known: [SymbolBindings.Input] = []
    for (value, given) in zip(graph.inputs, inputs) {
      guard let tensor = given?.tensor else { continue }
      known.append(
        .init(name: graph[value].name, type: graph.type(value), shape: tensor.shape))
    }
    var seen: Set<Extent> = []
    for pair in cachePairs where seen.insert(pair.positions).inserted {
      known.append(
        .init(
          name: pair.input, type: TensorType(pair.type.element, [pair.positions]),
          shape: [length]))
    }
    let bindings: [String: Int]
    do { bindings = try SymbolBindings.bind(known) } catch { throw .binding(error) }
    var shapes = inputs.map { $0?.tensor?.shape ?? [] }
    var pasts: [[Int]] = []
    var needed = length
    for pair in cachePairs {
      guard let shape = pair.type.shape.substituting(bindings).fixed else {
        throw .cache(.undetermined(input: pair.input, type: pair.type))
      }
      shapes[pair.inputIndex] = shape
      pasts.append(shape)
      let extended = graph.type(pair.present).shape.substituting(bindings)
      if let after = extended.extents?[pair.axis].fixed { needed = max(needed, after) }
    }
    try cache.reserve(pasts, needed: needed)
    let layout = CacheLayout(
      capacity: cache.capacity, strides: cachePairs.indices.map { cache.strides($0) })
    return InputShapes(inputs: shapes, bindings: bindings, cache: layout)
  }
}
