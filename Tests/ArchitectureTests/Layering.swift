/// The rules that keep the arrows of the package pointing down.
struct Layering {
  /// The folders of Sources, the lowest first.
  static let layers = [
    "Core", "System", "Numerics", "Media", "Formats", "Runtime", "Conversion", "Interface",
    "Serving", "Command",
  ]

  /// Targets in C and headers of libraries, each with the modules that may import it: its face in
  /// Swift, and tests. So `unsafe` calls stay where they are documented and checked.
  static let faces: [String: Set<String>] = [
    "DVLACJSONC": ["DVLAJSON"],
    "DVLACLibCrypto": ["DVLAHashing", "DVLASigning"],
    "DVLACSHA256": ["DVLAHashing"],
    "DVLACXXHash": ["DVLAHashing"],
    "DVLACFiles": ["DVLAFiles", "DVLAFilesTests"],
    "DVLACZstd": ["DVLACompression"],
    "DVLACMessagePack": ["DVLAMessagePack"],
    "DVLACKernels": ["DVLAKernels"],
    "DVLACOpenBLAS": ["DVLAMatrixProducts"],
    "DVLACProducts": ["DVLAMatrixProducts"],
    "DVLACImageCodecs": ["DVLAImages", "DVLACommandTests"],
    "DVLACSentencePiece": ["DVLATokenization"],
    "DVLACManifests": ["DVLAEmbeddedManifests"],
    "DVLACBuild": ["DepthVLAWeights"],
    "DVLACDepthVLA": ["DVLACInterface"],
  ]

  /// Names without the prefix, which are ours beyond doubt.
  static let unprefixed: Set<String> = ["DepthVLARuntime", "DepthVLAWeights"]

  let targets: [PackageManifest.Target]
  private let named: [String: PackageManifest.Target]

  init(_ targets: [PackageManifest.Target]) {
    self.targets = targets
    named = Dictionary(targets.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Where the target's layer is in the order, counted from the lowest; nil for tests, which may
  /// use everything.
  func level(of target: PackageManifest.Target) -> Int? {
    guard let folders = target.path?.split(separator: "/"), folders.first == "Sources" else {
      return nil
    }
    return folders.dropFirst().first.flatMap { Self.layers.firstIndex(of: String($0)) }
  }

  /// What is wrong with the declarations in Package.swift.
  func problemsOfTargets() -> [String] {
    targets.flatMap { target in
      problemsOfName(target) + problemsOfPlace(target)
        + target.dependencies.compactMap { problem(of: target, using: $0, at: "Package.swift") }
    }
  }

  /// What is wrong with the imports of a target's files.
  func problems(of target: PackageManifest.Target, importing imports: [SourceImport]) -> [String] {
    imports.compactMap { found in
      guard named[found.module] != nil, found.module != target.name else { return nil }
      guard target.dependencies.contains(found.module) else {
        return "\(found.place): \(target.name) imports \(found.module), which Package.swift does "
          + "not declare as a dependency"
      }
      return problem(of: target, using: found.module, at: found.place)
    }
  }

  /// The modules that a target depends on and no file of it imports. A program is no module: tests
  /// depend on it to have it built.
  func unused(by target: PackageManifest.Target, importing imports: [SourceImport]) -> [String] {
    let imported = Set(imports.map(\.module))
    return target.dependencies
      .filter { named[$0].map { $0.type != "executable" } == true && !imported.contains($0) }
      .map { "Package.swift: \(target.name) depends on \($0), which no file of it imports" }
  }

  /// The targets that this one uses, directly or through others.
  func everythingBelow(_ name: String) -> Set<String> {
    var found: Set<String> = []
    var open = [name]
    while let next = open.popLast() {
      for dependency in named[next]?.dependencies ?? []
      where named[dependency] != nil && found.insert(dependency).inserted {
        open.append(dependency)
      }
    }
    return found
  }

  private func problemsOfName(_ target: PackageManifest.Target) -> [String] {
    let isOurs =
      target.name.hasPrefix("DVLA") || target.name.hasPrefix("depthvla")
      || Self.unprefixed.contains(target.name)
    return isOurs
      ? []
      : [
        "Package.swift: the target \(target.name) lacks the prefix DVLA, so that a package with a "
          + "target of that name could not use ours"
      ]
  }

  private func problemsOfPlace(_ target: PackageManifest.Target) -> [String] {
    guard let path = target.path else { return ["Package.swift: \(target.name) has no path"] }
    let folders = path.split(separator: "/").map(String.init)
    guard folders.first == "Sources" else { return [] }
    guard folders.count == 3, Self.layers.contains(folders[1]) else {
      return ["Package.swift: \(target.name) is in \(path), which is not a folder of a layer"]
    }
    guard target.name == folders[2] || target.name == "DVLA" + folders[2] else {
      return ["Package.swift: \(target.name) is in \(path), a folder of another name"]
    }
    return []
  }

  private func problem(
    of target: PackageManifest.Target, using name: String, at place: String
  ) -> String? {
    guard let used = named[name] else { return nil }
    if let own = level(of: target) {
      guard let theirs = level(of: used) else {
        return "\(place): \(target.name) uses \(name), which is for tests"
      }
      if theirs > own {
        return "\(place): \(target.name) of layer \(Self.layers[own]) uses \(name) of "
          + "\(Self.layers[theirs]), a layer above it"
      }
    }
    if let faces = Self.faces[name], !faces.contains(target.name) {
      return
        "\(place): \(target.name) uses \(name), which only \(faces.sorted().joined(separator: " and ")) may"
    }
    return nil
  }
}
