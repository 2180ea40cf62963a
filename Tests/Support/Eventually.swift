/// What a test waited for did not come about.
package struct NotWithinHalfAMinute: Error {
  package let what: String
}

/// Waits for a condition that others bring about. Throws after half a minute.
package func eventually(
  _ what: String = "the condition", _ condition: () -> Bool
) async throws(NotWithinHalfAMinute) {
  let end = ContinuousClock.now + .seconds(30)
  while !condition() {
    guard ContinuousClock.now < end else { throw NotWithinHalfAMinute(what: what) }
    try? await Task.sleep(for: .milliseconds(2))
  }
}
