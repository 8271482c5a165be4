import Foundation
import Testing

/// The tree as it is, and the rules on trees that break them.
struct LayeringTests {
  let manifest: PackageManifest
  let layering: Layering

  init() throws {
    manifest = try PackageManifest.ours.get()
    layering = Layering(manifest.targets)
  }

  @Test func targetsHaveOurPrefixAndUseOnlyWhatLiesBelowThem() {
    #expect(layering.problemsOfTargets() == [])
  }

  @Test func filesImportOnlyWhatTheirTargetDeclares() throws {
    var count = 0
    for target in manifest.targets {
      let imports = try SourceImport.all(below: try #require(target.path))
      count += imports.count
      #expect(layering.problems(of: target, importing: imports) == [])
    }
    // A pattern that matches nothing would find nothing wrong.
    #expect(count > 1000)
  }

  @Test func everyDependencyIsImported() throws {
    for target in manifest.targets {
      let imports = try SourceImport.all(below: try #require(target.path))
      #expect(layering.unused(by: target, importing: imports) == [])
    }
  }

  @Test func aRobotGetsNoConversionCode() throws {
    let conversion = manifest.targets.filter {
      ["Conversion", "Interface", "Command"].contains(
        layering.level(of: $0).map { Layering.layers[$0] } ?? "")
    }
    let below = layering.everythingBelow("DepthVLARuntime")
    #expect(below.contains("DVLAPipelines"))
    #expect(!conversion.isEmpty)
    #expect(below.intersection(conversion.map(\.name)).sorted() == [])
  }

  @Test func everyFolderOfALayerIsATarget() throws {
    let sources = PackageManifest.root.appending(path: "Sources")
    let layers = try folders(in: sources)
    #expect(layers == Layering.layers.sorted())
    let modules = try layers.flatMap { layer in
      try folders(in: sources.appending(path: layer)).map { "Sources/\(layer)/\($0)" }
    }
    #expect(
      modules.sorted()
        == manifest.targets.compactMap(\.path).filter { $0.hasPrefix("Sources/") }.sorted())
  }

  @Test func everyCTargetHasAFace() throws {
    let inC = try manifest.targets.filter { target in
      guard let path = target.path, path.hasPrefix("Sources/") else { return false }
      return try SourceImport.files(below: path).isEmpty
    }
    #expect(inC.map(\.name).sorted() == Layering.faces.keys.sorted())
  }

  private func folders(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: [.isDirectoryKey]
    )
    .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
    .map(\.lastPathComponent).sorted()
  }
}
