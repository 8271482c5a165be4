import DVLADiagnostics
import DVLAJSON

/// Where a message has a value: a key, or the keys of maps inside each other.
///
/// A slash is part of a key: `observation/image` is one.
public struct RobotKey: Sendable, Hashable {
  /// One for each level.
  public let path: [String]

  /// Most maps inside each other.
  public static let depthLimit = 8
  private static let byteLimit = 256

  init(_ path: [String]) { self.path = path }

  init(_ key: String) { path = [key] }

  /// The keys with slashes between them: how messages and recordings name it.
  public var name: String { path.joined(separator: "/") }

  /// A text, or an array of texts from the outside to the inside.
  ///
  /// - Throws: `json.type`, `robot.value`.
  init(_ reader: JSONReader) throws(WeightsError) {
    path = try reader.strings()
    guard 1...Self.depthLimit ~= path.count else {
      throw reader.failure(
        .robotValue, "expected 1 to \(Self.depthLimit) keys, found \(path.count)")
    }
    for key in path where !(1...Self.byteLimit ~= key.utf8.count) {
      throw reader.failure(
        .robotValue, "expected a key of 1 to \(Self.byteLimit) bytes, found \(key.quoted)")
    }
  }

  var json: JSONValue {
    path.count == 1 ? .string(path[0]) : .array(path.map { .string($0) })
  }

  /// Whether one of the two is the other or lies inside it.
  func overlaps(_ other: RobotKey) -> Bool {
    path.starts(with: other.path) || other.path.starts(with: path)
  }
}
