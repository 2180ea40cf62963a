internal import ApusIR
internal import ApusONNX
internal import ApusTensor
internal import CApusPlugin

/// Shared libraries that implement `apus_plugin.h`.
enum PluginLibrary {
  /// Opens a library for as long as the process lives and returns its operators.
  static func open(_ path: String) throws(ApusError) -> [CustomDefinition] {
    func refuse(_ reason: String, _ hint: String? = nil) -> ApusError {
      ApusError(.invalidInput, reason, location: path, hint: hint)
    }
    let manual = "docs/custom-operators.md shows how a library of operators is made"
    let library: DynamicLibrary
    do { library = try DynamicLibrary(path: path) } catch { throw refusal(error, path) }
    guard
      let describe = unsafe library.symbol(
        "apus_plugin_describe", as: apus_plugin_describe_function.self)
    else { throw refuse("the library does not export apus_plugin_describe", manual) }
    guard let plugin = unsafe describe()?.pointee else {
      throw refuse("apus_plugin_describe returned nothing", manual)
    }
    guard unsafe plugin.abi == APUS_PLUGIN_ABI else {
      throw refuse(
        unsafe "the library was made for version \(plugin.abi) of the plugin interface, "
          + "this build has version \(APUS_PLUGIN_ABI)",
        "compile it again with this version's apus_plugin.h")
    }
    guard unsafe plugin.operator_count >= 0,
      unsafe plugin.operator_count == 0 || plugin.operators != nil
    else {
      throw refuse("the library's list of operators is damaged", manual)
    }
    var definitions: [CustomDefinition] = []
    for index in unsafe 0..<Int(plugin.operator_count) {
      guard let definition = unsafe CustomDefinition(plugin.operators[index]) else {
        throw refuse("operator \(index) of the library lacks its name or a function", manual)
      }
      definitions.append(definition)
    }
    library.keepOpen()
    return definitions
  }

  private static func refusal(_ error: LibraryError, _ path: String) -> ApusError {
    ApusError(.invalidInput, error.description, location: path)
  }
}

extension CustomDefinition {
  fileprivate init?(_ operation: apus_operator) {
    guard let domain = unsafe operation.domain, let name = unsafe operation.name,
      unsafe operation.create != nil, unsafe operation.destroy != nil,
      unsafe operation.infer != nil,
      unsafe operation.evaluate != nil
    else { return nil }
    let functions = unsafe PluginFunctions(operation)
    unsafe self.init(
      domain: String(cString: domain), name: String(cString: name), since: Int(operation.since),
      isDeterministic: operation.deterministic != 0
    ) { attributes throws(TypeError) in try PluginOperator(functions, attributes) }
  }
}

/// An operator's table of functions, which lives as long as its library: for good.
@safe private struct PluginFunctions: @unchecked Sendable {
  let table: apus_operator
  let name: String

  init(_ table: apus_operator) {
    unsafe self.table = table
    name = unsafe String(cString: table.name)
  }
}

/// A node of an operator from a library.
@safe private final class PluginOperator: CustomImplementation, @unchecked Sendable {
  private let functions: PluginFunctions
  private let state: UnsafeMutableRawPointer

  init(_ functions: PluginFunctions, _ attributes: CustomAttributes) throws(TypeError) {
    self.functions = functions
    let call = PluginCall()
    let state = unsafe PluginAttributes(attributes).withList { list in
      unsafe call.run { unsafe functions.table.create($0, $1, list.baseAddress, list.count) }
    }
    guard let state = unsafe state else { throw call.refusal(functions.name) }
    unsafe self.state = state
  }

  deinit { unsafe functions.table.destroy(state) }

  func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    let call = PluginCall()
    var types: [TensorType?] = []
    for index in 0..<operands.count {
      types.append(operands[index] == nil ? nil : try operands.require(index).type)
    }
    let succeeded = unsafe call.withTypes(types) { list in
      unsafe call.run { unsafe functions.table.infer($0, $1, state, list.baseAddress, list.count) }
    }
    guard succeeded, call.reason == nil else { throw call.refusal(functions.name) }
    return try call.declaredTypes(functions.name).map { Fact($0) }
  }

  func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let call = PluginCall(results)
    var dense: [HostTensor?] = []
    for operand in operands {
      if operand?.element == .string {
        throw .unsupported("libraries of operators cannot take strings")
      }
      do { dense.append(try operand?.densified()) } catch { throw .tensor(error) }
    }
    let succeeded = unsafe call.withTypes(dense.map { $0?.type }) { types in
      let list = unsafe dense.indices.map { index in
        unsafe apus_tensor(
          type: types[index], data: dense[index]?.denseAddress.map { UnsafeRawPointer($0) },
          byte_count: dense[index]?.byteCount ?? 0)
      }
      return withExtendedLifetime(dense) {
        unsafe list.withUnsafeBufferPointer { list in
          unsafe call.run {
            unsafe functions.table.evaluate($0, $1, state, list.baseAddress, list.count)
          }
        }
      }
    }
    guard succeeded, call.reason == nil else {
      throw .value(call.reason ?? "operator '\(functions.name)' failed and did not say why")
    }
    return try call.allocatedTensors(functions.name)
  }
}

/// What a library says during one call.
private final class PluginCall {
  private(set) var reason: String?
  private var declared: [Int: TensorType] = [:]
  private var allocated: [Int: HostTensor] = [:]
  /// The types that `infer` declared, while the call evaluates.
  private let expected: [TensorType]
  /// The symbolic extents that the library sees as -2, -3 …
  private var symbols: [Extent] = []

  init(_ expected: [TensorType] = []) { self.expected = expected }

  /// Calls the library with the host's functions.
  func run<Result>(
    _ body: (UnsafePointer<apus_host>, OpaquePointer) -> Result
  ) -> Result {
    var host = unsafe apus_host(
      fail: { unsafe PluginCall.of($0)?.fail($1) },
      declare: { unsafe PluginCall.of($0)?.declare($1, $2) },
      allocate: { unsafe PluginCall.of($0)?.allocate($1, $2) })
    return withExtendedLifetime(self) {
      unsafe withUnsafePointer(to: &host) {
        unsafe body($0, OpaquePointer(Unmanaged.passUnretained(self).toOpaque()))
      }
    }
  }

  private static func of(_ call: OpaquePointer?) -> PluginCall? {
    unsafe call.map {
      unsafe Unmanaged<PluginCall>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue()
    }
  }

  private func fail(_ text: UnsafePointer<CChar>?) {
    reason =
      unsafe reason ?? text.map { unsafe String(cString: $0) } ?? "it failed and did not say why"
  }

  private func fail(_ text: String) { reason = reason ?? text }

  func refusal(_ name: String) -> TypeError {
    .invalid(field: name, reason: reason ?? "it failed and did not say why")
  }

  // MARK: Types

  func withTypes<Result>(
    _ types: [TensorType?], _ body: (UnsafeBufferPointer<apus_type>) -> Result
  ) -> Result {
    let extents: [Int64] = types.flatMap { ($0?.extents ?? []).map(number) }
    return unsafe extents.withUnsafeBufferPointer { extents in
      var list: [apus_type] = unsafe []
      var next = extents.baseAddress
      for type in types {
        let rank = type.map { $0.rank ?? Int(APUS_UNKNOWN) } ?? 0
        unsafe list.append(
          apus_type(element: type?.element.onnxCode ?? 0, rank: Int32(rank), extents: next))
        if rank > 0 { unsafe next = next.map { unsafe $0 + rank } }
      }
      return unsafe list.withUnsafeBufferPointer(body)
    }
  }

  private func number(_ extent: Extent) -> Int64 {
    if let fixed = extent.fixed { return Int64(fixed) }
    if let index = symbols.firstIndex(of: extent) { return -2 - Int64(index) }
    symbols.append(extent)
    return -1 - Int64(symbols.count)
  }

  private func type(_ given: apus_type) -> TensorType? {
    guard let element = unsafe ElementType(onnx: given.element), element != .string else {
      fail(unsafe "\(given.element) is no element type of a result")
      return nil
    }
    if unsafe given.rank == APUS_UNKNOWN { return TensorType(element, .unranked) }
    guard unsafe (0...64).contains(given.rank), unsafe given.rank == 0 || given.extents != nil
    else {
      fail(unsafe "\(given.rank) is no rank")
      return nil
    }
    var extents: [Extent] = []
    for axis in unsafe 0..<Int(given.rank) {
      let extent = unsafe given.extents[axis]
      if extent >= 0 {
        extents.append(.fixed(Int(extent)))
      } else if extent == APUS_UNKNOWN {
        extents.append(.unknown)
      } else if extent >= -1 - Int64(symbols.count) {
        extents.append(symbols[Int(-2 - extent)])
      } else {
        fail("\(extent) is no extent of an operand")
        return nil
      }
    }
    return TensorType(element, extents)
  }

  private func declare(_ index: Int, _ given: apus_type) {
    guard (0..<1024).contains(index) else { return fail("\(index) is no result") }
    guard let type = unsafe type(given) else { return }
    declared[index] = type
  }

  /// The declared types in order; a gap is an error.
  func declaredTypes(_ name: String) throws(TypeError) -> [TensorType] {
    var types: [TensorType] = []
    for index in 0..<declared.count {
      guard let type = declared[index] else {
        throw .invalid(field: name, reason: "result \(index) was not declared")
      }
      types.append(type)
    }
    return types
  }

  // MARK: Results

  private func allocate(_ index: Int, _ given: apus_type) -> UnsafeMutableRawPointer? {
    guard expected.indices.contains(index) else {
      fail("there is no result \(index)")
      return nil
    }
    guard let type = unsafe type(given) else { return nil }
    guard let shape = type.fixedShape, expected[index].admits(type) else {
      fail("result \(index) is \(type), declared was \(expected[index])")
      return nil
    }
    guard let tensor = try? HostTensor(zeros: type.element, shape: shape) else {
      fail("there is no memory for result \(index), \(type)")
      return nil
    }
    allocated[index] = tensor
    return unsafe tensor.denseAddress
  }

  func allocatedTensors(_ name: String) throws(EvaluationError) -> [HostTensor] {
    var tensors: [HostTensor] = []
    for index in expected.indices {
      guard let tensor = allocated[index] else {
        throw .value("operator '\(name)' did not make result \(index)")
      }
      tensors.append(tensor)
    }
    return tensors
  }
}

extension TensorType {
  /// Whether a fixed type is one that this type allows.
  fileprivate func admits(_ fixed: TensorType) -> Bool {
    guard element == fixed.element else { return false }
    guard let extents, let others = fixed.extents else { return true }
    return extents.count == others.count
      && zip(extents, others).allSatisfy { $0.fixed == nil || $0 == $1 }
  }
}

/// Attributes in C's form.
private struct PluginAttributes {
  private let entries: [CustomAttributes.Entry]

  init(_ attributes: CustomAttributes) { entries = attributes.entries }

  /// Calls `body` with the list, which lives until it returns.
  func withList<Result>(_ body: (UnsafeBufferPointer<apus_attribute>) -> Result) -> Result {
    var owned: [UnsafeMutableRawPointer] = unsafe []
    defer { unsafe owned.forEach { unsafe $0.deallocate() } }
    func keep<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafePointer<Value> {
      let copy = UnsafeMutablePointer<Value>.allocate(capacity: max(values.count, 1))
      unsafe copy.initialize(from: values, count: values.count)
      unsafe owned.append(UnsafeMutableRawPointer(copy))
      return unsafe UnsafePointer(copy)
    }
    func text(_ value: String) -> UnsafePointer<CChar>? { unsafe keep(Array(value.utf8CString)) }
    var list: [apus_attribute] = unsafe []
    for entry in entries {
      var attribute = unsafe apus_attribute()
      unsafe attribute.name = text(entry.name)
      func set(_ kind: Int, _ count: Int) {
        unsafe attribute.kind = Int32(kind)
        unsafe attribute.count = count
      }
      switch entry.value {
      case .integer(let value):
        set(APUS_ATTRIBUTE_INTEGER, 1)
        unsafe attribute.integers = keep([Int64(value)])
      case .real(let value):
        set(APUS_ATTRIBUTE_REAL, 1)
        unsafe attribute.reals = keep([value])
      case .text(let value):
        set(APUS_ATTRIBUTE_TEXT, 1)
        unsafe attribute.texts = keep([text(value)])
        unsafe attribute.lengths = keep([value.utf8.count])
      case .integers(let values):
        set(APUS_ATTRIBUTE_INTEGERS, values.count)
        unsafe attribute.integers = keep(values.map { Int64($0) })
      case .reals(let values):
        set(APUS_ATTRIBUTE_REALS, values.count)
        unsafe attribute.reals = keep(values)
      case .texts(let values):
        set(APUS_ATTRIBUTE_TEXTS, values.count)
        unsafe attribute.texts = keep(values.map(text))
        unsafe attribute.lengths = keep(values.map(\.utf8.count))
      case .operand(let index):
        set(APUS_ATTRIBUTE_TENSOR, 1)
        unsafe attribute.integers = keep([Int64(index)])
      default: continue
      }
      unsafe list.append(attribute)
    }
    return unsafe list.withUnsafeBufferPointer(body)
  }
}
