import Foundation

/// What Package.swift declares, in SwiftPM's own reading of it.
struct PackageManifest: Decodable {
  struct Target: Decodable {
    var name: String
    var type: String
    var path: String?
    /// Targets and products that it may import.
    var dependencies: [String]

    enum CodingKeys: CodingKey {
      case name, type, path, dependencies
    }
  }

  var targets: [Target]

  /// The top folder of the package.
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Read once: SwiftPM compiles the manifest, which takes a second.
  static let ours = Result { try PackageManifest() }

  /// Asks SwiftPM, which writes to a folder of its own: `swift test` may hold a lock on the usual
  /// one.
  private init() throws {
    let scratch = FileManager.default.temporaryDirectory.appending(
      path: "depthvla-manifest-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "swift", "package", "--package-path", Self.root.path, "--scratch-path", scratch.path,
      "dump-package",
    ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    self = try JSONDecoder().decode(PackageManifest.self, from: bytes)
  }
}

extension PackageManifest.Target {
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    type = try container.decode(String.self, forKey: .type)
    path = try container.decodeIfPresent(String.self, forKey: .path)
    // {"byName": ["DVLAJSON", null]} or {"product": ["ArgumentParser", …]}.
    dependencies = try container.decode([[String: [Name?]]].self, forKey: .dependencies)
      .compactMap { $0.values.first?.first??.text }
  }

  /// A string, or an object, which a dependency has behind its name where it depends on platforms.
  private struct Name: Decodable {
    var text: String?

    init(from decoder: any Decoder) throws {
      text = try? decoder.singleValueContainer().decode(String.self)
    }
  }
}
