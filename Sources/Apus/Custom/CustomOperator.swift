internal import ApusIR
internal import ApusTensor

/// An operator of your own, for nodes that Apus does not know or that you compute better.
///
/// One instance stands for one node. It runs on the host in every plan and engine, from several
/// threads at once. A registered operator takes the place of a known one of the same name.
///
///     struct Scale: CustomOperator {
///       static let domain = "com.example"
///       static let name = "Scale"
///       let factor: Double
///
///       init(attributes: OperatorAttributes) throws { factor = attributes.real("factor") ?? 1 }
///
///       func results(for operands: [TensorDescription?]) throws -> [TensorDescription] {
///         try [operands.required(0)]
///       }
///
///       func evaluate(_ operands: [Tensor?]) throws -> [Tensor] {
///         let input = try operands.required(0)
///         return [try Tensor(input.doubles.map { $0 * factor }, as: input.type, shape: input.shape)]
///       }
///     }
///
///     OperatorLibrary.register(Scale.self)
public protocol CustomOperator: Sendable {
  /// The domain of the nodes, as the model writes it.
  static var domain: String { get }
  /// The type of the nodes, as the model writes it.
  static var name: String { get }
  /// The first version of the domain's operator set that has the operator.
  static var since: Int { get }
  /// Whether equal operands always give equal results, so that constants may be folded.
  static var isDeterministic: Bool { get }

  /// Reads a node's attributes; thrown errors name the node when they reach the user.
  init(attributes: OperatorAttributes) throws

  /// Types of the results. Asked with dimensions that are symbols when a model is imported, and with
  /// numbers before each run at new shapes. An operand that the node leaves out is nil.
  func results(for operands: [TensorDescription?]) throws -> [TensorDescription]

  /// Computes the results, of the types that `results(for:)` gave.
  func evaluate(_ operands: [Tensor?]) throws -> [Tensor]
}

extension CustomOperator {
  public static var since: Int { 1 }
  public static var isDeterministic: Bool { true }
}

/// Why a custom operator refuses a node or its operands.
public struct CustomOperatorError: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// One dimension of a shape: a number, a symbol such as a batch size, or arithmetic over them.
public struct Dimension: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  let extent: Extent

  init(_ extent: Extent) { self.extent = extent }

  public init(_ value: Int) { extent = .fixed(value) }
  public init(integerLiteral value: Int) { self.init(value) }

  /// A dimension that only the data tells.
  public static let unknown = Dimension(.unknown)

  /// The number, where it is one.
  public var value: Int? { extent.fixed }

  public var description: String { extent.description }

  public static func + (left: Self, right: Self) -> Self { Self(left.extent + right.extent) }
  public static func - (left: Self, right: Self) -> Self { Self(left.extent - right.extent) }
  public static func * (left: Self, right: Self) -> Self { Self(left.extent * right.extent) }
  /// The quotient, rounded down.
  public static func / (left: Self, right: Self) -> Self {
    Self(left.extent.floorDivided(by: right.extent))
  }
}

/// Element type and shape of a tensor, as far as they are known.
public struct TensorDescription: Hashable, Sendable {
  public var type: DataType
  /// nil where not even the rank is known.
  public var shape: [Dimension]?

  public init(_ type: DataType, shape: [Dimension]?) {
    self.type = type
    self.shape = shape
  }
}

extension Array {
  /// The operand at a position that must be there.
  public func required<Value>(
    _ index: Int
  ) throws(CustomOperatorError) -> Value where Element == Value? {
    guard indices.contains(index), let value = self[index] else {
      throw CustomOperatorError("operand \(index) is required")
    }
    return value
  }
}

/// The attributes of a custom operator's node.
public struct OperatorAttributes: Sendable {
  let attributes: CustomAttributes

  public var names: [String] { attributes.entries.map(\.name) }

  /// The values of an attribute; nil where the node has none of that name and kind. Reals are what
  /// ONNX stores in single precision.
  public func integer(_ name: String) -> Int? { attributes[name].flatMap { Int(fieldValue: $0) } }
  public func real(_ name: String) -> Double? {
    attributes[name].flatMap { Double(fieldValue: $0) }
  }
  public func text(_ name: String) -> String? {
    attributes[name].flatMap { String(fieldValue: $0) }
  }
  public func integers(_ name: String) -> [Int]? {
    attributes[name].flatMap { [Int](fieldValue: $0) }
  }
  public func reals(_ name: String) -> [Double]? {
    attributes[name].flatMap { [Double](fieldValue: $0) }
  }
  public func texts(_ name: String) -> [String]? {
    attributes[name].flatMap { [String](fieldValue: $0) }
  }
  /// The position among the operands of a tensor that the node has as an attribute.
  public func operand(_ name: String) -> Int? {
    if case .operand(let index) = attributes[name] { index } else { nil }
  }
}
