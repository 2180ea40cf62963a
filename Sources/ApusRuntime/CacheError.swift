package import ApusTensor

/// Why a run with a cache was refused. Neither the session nor the cache is changed by it.
package enum CacheError: Error, Sendable {
  /// The model does not extend an input along one axis and return it.
  case unsupported
  /// The cache belongs to another engine.
  case otherEngine
  /// Another session runs with the cache at this moment.
  case inUse
  case invalidCapacity(Int, maximum: Int)
  case capacity(needed: Int, maximum: Int)
  case truncation(to: Int, length: Int)
  /// An input that the cache holds was given.
  case given(input: String)
  /// The other inputs ask for a past of another shape, such as another batch size.
  case shape(input: String, expected: [Int], found: [Int])
  /// The other inputs leave an extent of the past open.
  case undetermined(input: String, type: TensorType)
  /// Two pairs were extended by different numbers of positions.
  case unequalLengths(Int, Int)
}

extension CacheError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unsupported:
      "the model has no past inputs that it extends and returns, so that a cache has nothing to hold"
    case .otherEngine: "the cache was made for another model"
    case .inUse: "the cache is in use by another session; make one cache a sequence"
    case .invalidCapacity(let capacity, let maximum):
      "a cache of \(capacity) positions, at most \(maximum), cannot be made"
    case .capacity(let needed, let maximum):
      "the cache would need \(needed) positions, it takes at most \(maximum)"
    case .truncation(let wanted, let length):
      "a cache of \(length) positions cannot be cut to \(wanted)"
    case .given(let input): "input '\(input)' comes from the cache and must not be given"
    case .shape(let input, let expected, let found):
      "the cache holds '\(input)' of shape \(found), the other inputs ask for \(expected)"
    case .undetermined(let input, let type):
      "no given input determines the shape of '\(input)' (\(type))"
    case .unequalLengths(let first, let second):
      "past inputs grow to \(first) and to \(second) positions; one cache cannot hold both"
    }
  }
}
