import DVLADiagnostics
public import DVLAJSON
import DVLARemapping

extension Difference {
  /// A key of the configuration with another value on each side. The tensors alone do not say what
  /// a model computes.
  public struct SettingRow: Sendable {
    public let key: String
    /// Nil where the side has no such key.
    public let first, second: JSONValue?
  }

  /// - Parameter includesProcessing: false where a side is a checkpoint, in which files beside the
  ///   weights say how pictures and states are processed: those are compared as assets.
  /// - Returns: nil where the configuration of a side is not known.
  static func compare(
    _ a: Configuration?, _ b: Configuration?, includesProcessing: Bool
  ) -> [SettingRow]? {
    guard let a, let b else { return nil }
    let keys = (a.keys + b.keys.filter { a[$0] == nil })
      .filter { includesProcessing || !$0.hasPrefix("processing.") }
    return keys.compactMap { key in
      isSame(a[key], b[key]) ? nil : SettingRow(key: key, first: a[key], second: b[key])
    }
  }

  /// 1 and 1.0 are the same number.
  private static func isSame(_ a: JSONValue?, _ b: JSONValue?) -> Bool {
    if let a = a?.number, let b = b?.number { return a == b }
    return a == b
  }
}

extension DiffInput {
  var isBundle: Bool {
    if case .bundle = self { true } else { false }
  }

  /// What the model is, beside its tensors; nil where that is not known.
  ///
  /// - Parameter settings: what the checkpoint does not say.
  /// - Throws: `remap.configuration` of a bundle.
  func configuration(
    _ library: ManifestLibrary, _ settings: Configuration
  ) throws(WeightsError) -> Configuration? {
    switch self {
    case .bundle(let bundle):
      return try inFile(bundle.path) { () throws(WeightsError) in
        try Configuration(json: bundle.documents.configuration, origin: bundle.path)
      }
    case .checkpoint(let checkpoint, let recognition, _):
      guard let recognition else { return nil }
      // A checkpoint that lacks tensors can be compared, but not planned.
      return try? RemapPlanner(
        library: library, family: recognition.family,
        sources: [RemapPlanner.Source(label: checkpoint.path, recognition: recognition)],
        given: settings, keepsUnused: true
      ).plan().configuration
    }
  }
}
