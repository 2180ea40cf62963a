internal import ApusIR
internal import ApusTensor

/// The type of a tensor's elements.
public struct DataType: Hashable, Sendable {
  let element: ElementType

  init(_ element: ElementType) { self.element = element }

  public static let float32 = DataType(.float32)
  public static let float64 = DataType(.float64)
  public static let float16 = DataType(.float16)
  public static let bfloat16 = DataType(.bfloat16)
  public static let int8 = DataType(.int8)
  public static let int16 = DataType(.int16)
  public static let int32 = DataType(.int32)
  public static let int64 = DataType(.int64)
  public static let uint8 = DataType(.uint8)
  public static let uint16 = DataType(.uint16)
  public static let uint32 = DataType(.uint32)
  public static let uint64 = DataType(.uint64)
  public static let bool = DataType(.bool)
  public static let string = DataType(.string)

  /// The name in graphs, such as `f32`.
  public var name: String { element.name }
}

/// A dense tensor, row-major.
public struct Tensor: Sendable {
  let host: HostTensor

  init(_ host: HostTensor) { self.host = host }

  /// A tensor of 32-bit floats; `values` has as many elements as `shape` asks for.
  public init(_ values: [Float], shape: [Int]) throws(ApusError) {
    try self.init(.float32, shape, .real(values.map { Double($0) }))
  }

  /// A tensor of 64-bit integers.
  public init(_ values: [Int], shape: [Int]) throws(ApusError) {
    try self.init(.int64, shape, .signed(values.map { Int64($0) }))
  }

  /// A tensor of booleans.
  public init(_ values: [Bool], shape: [Int]) throws(ApusError) {
    try self.init(.bool, shape, .boolean(values))
  }

  /// A tensor of strings.
  public init(_ values: [String], shape: [Int]) throws(ApusError) {
    try self.init(.string, shape, .text(values))
  }

  /// A tensor of any type of numbers; reals round to nearest even, integers truncate and saturate.
  public init(_ values: [Double], as type: DataType, shape: [Int]) throws(ApusError) {
    try self.init(type.element, shape, .real(values))
  }

  /// A tensor of any type of integers, which wrap.
  public init(_ values: [Int], as type: DataType, shape: [Int]) throws(ApusError) {
    try self.init(type.element, shape, .signed(values.map { Int64($0) }))
  }

  private init(
    _ element: ElementType, _ shape: [Int], _ values: Elements
  ) throws(ApusError) {
    do { host = try HostTensor(element, shape: shape, values) } catch {
      throw ApusError(.invalidInput, error.description)
    }
  }

  public var shape: [Int] { host.shape }

  public var type: DataType { DataType(host.element) }

  /// The elements as 32-bit floats; empty for tensors of strings.
  public var floats: [Float] { doubles.map { Float($0) } }

  /// The elements as 64-bit floats; empty for tensors of strings.
  public var doubles: [Double] { (try? host.reals()) ?? [] }

  /// The elements as integers; empty for tensors of reals or strings.
  public var integers: [Int] { (try? host.integers()) ?? [] }

  /// The elements of a tensor of booleans; empty for others.
  public var booleans: [Bool] { (try? host.booleans()) ?? [] }

  /// The elements of a tensor of strings; empty for others.
  public var texts: [String] {
    if case .text(let values) = try? host.elements() { values } else { [] }
  }
}
