#if Server
package import ApusServing

/// Who may call which methods.
package struct ProtocolAccess: Sendable {
  /// A header that calls to a group must carry with this value.
  package struct Restriction: Hashable, Sendable {
    /// As it comes over the wire, its prefix included.
    package let header: String
    package let value: String
  }

  /// What precedes a restriction's key in the header's name.
  package static let headerPrefix = "triton-grpc-protocol-"

  /// One restriction a group.
  package private(set) var restrictions: [ProtocolGroup: Restriction] = [:]
  /// Tokens of which calls to a group must carry one, as `authorization: Bearer TOKEN` or
  /// `x-api-key: TOKEN`. Groups that are not named here are open.
  package var tokens: [ProtocolGroup: [String]] = [:]

  package init() {}

  /// Whether everybody may call everything.
  package var isOpen: Bool { restrictions.isEmpty && tokens.isEmpty }

  /// Reads `GROUP,GROUP:KEY=VALUE`, as `--grpc-restricted-protocol` has it. Throws where it has another
  /// form, names a group that does not exist, or one that is restricted already.
  package mutating func restrict(_ text: String) throws(ServingError) {
    func failure(_ message: String) -> ServingError {
      ServingError(
        .invalidArgument, "\(message) in '\(text)'; the form is <group>,<group>:<key>=<value>")
    }
    guard let colon = text.firstIndex(of: ":") else { throw failure("no ':'") }
    let rule = text[text.index(after: colon)...]
    guard let equals = rule.firstIndex(of: "="), equals > rule.startIndex else {
      throw failure("no '<key>=<value>'")
    }
    let restriction = Restriction(
      header: Self.headerPrefix + rule[..<equals].lowercased(),
      value: String(rule[rule.index(after: equals)...]))
    for name in text[..<colon].split(separator: ",", omittingEmptySubsequences: false) {
      guard let group = ProtocolGroup(rawValue: String(name)) else {
        let known = ProtocolGroup.allCases.map(\.rawValue).sorted().joined(separator: ", ")
        throw failure("unknown group '\(name)' (there are \(known))")
      }
      guard restrictions[group] == nil else {
        throw failure("group '\(group.rawValue)' is restricted twice")
      }
      restrictions[group] = restriction
    }
  }

  /// Why a call may not be made; nil where it may.
  func refusal(of group: ProtocolGroup, _ metadata: CallMetadata) -> CallStatus? {
    if let restriction = restrictions[group] {
      guard let value = metadata.first(restriction.header), Self.isSame(value, restriction.value)
      else {
        return CallStatus(
          .unavailable,
          "This protocol is restricted, expecting header '\(restriction.header)'")
      }
    }
    guard let tokens = tokens[group] else { return nil }
    guard let token = Self.token(metadata) else {
      return CallStatus(
        .unauthenticated,
        "This protocol asks for a token: 'authorization: Bearer <token>' or "
          + "'x-api-key: <token>'")
    }
    var isKnown = false
    for candidate in tokens where Self.isSame(candidate, token) { isKnown = true }
    if isKnown { return nil }
    return CallStatus(.unauthenticated, "The token is not valid for this protocol")
  }

  private static func token(_ metadata: CallMetadata) -> String? {
    if let key = metadata.first("x-api-key") { return key }
    guard let value = metadata.first("authorization"), value.prefix(7).lowercased() == "bearer "
    else { return nil }
    return String(value.dropFirst(7).drop { $0 == " " })
  }

  /// Compares in a time that tells nothing of where texts differ.
  private static func isSame(_ left: String, _ right: String) -> Bool {
    let left = Array(left.utf8)
    let right = Array(right.utf8)
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
#endif
