import Foundation
import Synchronization

/// A fresh folder for one test, removed with everything in it when the test ends; or, where tests
/// share it, when the process does.
public final class ScratchFolder: Sendable {
  public let path: String

  public init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("depthvla-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    path = url.path
    LiveFolders.add(path)
  }

  deinit { LiveFolders.remove(path) }

  /// The path of an entry.
  public func callAsFunction(_ name: String) -> String { path + "/" + name }

  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: self(name)))
    return self(name)
  }

  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  @discardableResult
  public func makeFolder(_ name: String) throws -> String {
    try FileManager.default.createDirectory(atPath: self(name), withIntermediateDirectories: true)
    return self(name)
  }

  /// A symbolic link.
  public func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: self(name), withDestinationPath: target)
  }

  /// Takes an entry away.
  public func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: self(name))
  }

  /// A copy of a fixture checkpoint that a test may spoil.
  @discardableResult
  public func copy(_ fixture: String, to name: String) throws -> String {
    try FileManager.default.copyItem(
      atPath: FixtureFolder.path("checkpoints/" + fixture), toPath: self(name))
    return self(name)
  }

  /// Copies what upstream publishes beside the weights, `Fixtures/assets/FOLDER`, into a folder.
  public func addAssets(_ folder: String, to name: String) throws {
    for entry in FixtureFolder.names(in: "assets/" + folder) {
      try FileManager.default.copyItem(
        atPath: FixtureFolder.path("assets/\(folder)/\(entry)"), toPath: self(name + "/" + entry))
    }
  }

  public func bytes(of name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: self(name))))
  }

  /// Everything in the folder, hidden files too, sorted.
  public var entries: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }

  /// Everything in a folder, hidden files too, sorted.
  public static func names(in path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}

/// The folders there are.
private enum LiveFolders {
  private static let paths = Mutex<Set<String>>([])
  /// What a static member holds is not taken down when a process ends.
  private static let atExit: Void = {
    atexit { LiveFolders.removeAll() }
  }()

  static func add(_ path: String) {
    _ = atExit
    paths.withLock { _ = $0.insert(path) }
  }

  static func remove(_ path: String) {
    paths.withLock { _ = $0.remove(path) }
    // A test may have taken write permission away.
    try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
    try? FileManager.default.removeItem(atPath: path)
  }

  private static func removeAll() {
    for path in paths.withLock({ $0 }) { remove(path) }
  }
}
