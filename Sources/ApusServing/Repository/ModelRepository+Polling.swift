extension ModelRepository {
  /// Looks once for models that are new, gone or changed, and loads or unloads them.
  func poll() async {
    guard let (models, duplicates) = try? scan() else { return }
    let known = state.withLock { $0 }
    var changed: [ModelDirectory] = []
    for (name, directory) in models {
      guard let entry = known[name], entry.isWanted else {
        changed.append(directory)
        continue
      }
      if entry.files == nil, directory.fingerprint() != entry.fingerprint {
        changed.append(directory)
      }
    }
    for (name, entry) in known where models[name] == nil && entry.isWanted {
      if !duplicates.contains(name) || !entry.serving.isEmpty {
        try? unload(name, withDependents: false)
      }
    }
    for name in duplicates where known[name]?.failure != Self.heldTwice(name) {
      fail(name, Self.heldTwice(name))
    }
    await load(changed)
  }
}
