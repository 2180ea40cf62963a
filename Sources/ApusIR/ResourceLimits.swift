/// What a model may ask for where it is read and where it is run: a file of few bytes can name any
/// number of nodes, passes through loops or bytes.
package struct ResourceLimits: Hashable, Sendable {
  /// Nodes after expansion of functions, those in bodies included.
  package var nodes = 250_000
  /// How deep bodies of control flow may nest; beyond `Body.nestingLimit` nothing is read.
  package var nesting = Body.nestingLimit
  /// How deep functions may call each other.
  package var functionDepth = 64
  /// Bytes of constants that calls of functions may repeat.
  package var functionBytes = 1 << 28
  /// Passes through loops that one run may make in all; one through a body of more than
  /// `nodesPerPass` nodes counts for several.
  package var loopPasses = 1 << 18
  /// Bytes that values of a run may take; nil for a limit that follows from the model's size.
  package var memory: Int?

  /// Nodes of a body whose evaluation counts as one pass.
  package static let nodesPerPass = 16

  package init() {}
}
