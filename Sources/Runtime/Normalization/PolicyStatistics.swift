public import DVLADiagnostics
import DVLAJSON

/// The statistics of a policy's state and actions, from a file of openpi, lerobot or transformers.
public struct PolicyStatistics: Sendable, Hashable {
  /// Whose file it is, which decides how a division by zero is avoided: see ``Normalizer``.
  public enum Origin: String, Sendable, CaseIterable {
    case openpi, lerobot, transformers
  }

  public enum Feature: String, Sendable, CaseIterable {
    case state, action
  }

  public let origin: Origin
  public let state: FeatureStatistics?
  public let action: FeatureStatistics?
  /// The file's name, for messages.
  public let fileName: String

  /// A file of statistics is a few kB; lerobot's has features that are not read.
  public static let maximumByteCount = 16 << 20

  /// Parses the contents of any of these; which one it is, they say themselves:
  ///
  /// - openpi's `norm_stats.json`: `{"norm_stats": {"state": {"mean": […], "std": […], "q01": …,
  ///   "q99": …}, "actions": …}}`; the quantiles may be null or left out
  ///   (`src/openpi/shared/normalize.py`);
  /// - the `meta/stats.json` of a lerobot data set: an object per feature, of which
  ///   `observation.state` and `action` are read;
  /// - the `policy_preprocessor_step_N_normalizer_processor.safetensors` of a lerobot policy (or
  ///   its `policy_postprocessor` and `unnormalizer`): tensors such as `observation.state.mean`
  ///   (`src/lerobot/processor/normalize_processor.py`);
  /// - the `processor_config.json` of transformers' `PI0Processor`: `state_mean`, `state_std`,
  ///   `actions_mean` and `actions_std` (`models/pi0/processing_pi0.py`).
  ///
  /// - Throws: `statistics.format`; `statistics.missing`, `statistics.empty`, `statistics.width`,
  ///   `statistics.not-finite`, `statistics.tensor`; `json.*`, `safetensors.*`.
  public init(contents: [UInt8], fileName: String) throws(WeightsError) {
    self.fileName = fileName
    do throws(WeightsError) {
      let parsed = try Self.parse(contents)
      (origin, state, action) = (parsed.origin, parsed.state, parsed.action)
    } catch {
      throw error.inFile(fileName)
    }
  }

  /// The statistics among the settings of transformers' `PI0Processor`; nil where there are none,
  /// and for the settings of another processor.
  ///
  /// - Throws: as ``init(contents:fileName:)``.
  public init?(processorConfig contents: [UInt8], fileName: String) throws(WeightsError) {
    do throws(WeightsError) {
      guard let parsed = try Self.parseProcessor(contents) else { return nil }
      (origin, state, action) = parsed
    } catch { throw error.inFile(fileName) }
    self.fileName = fileName
    if state == nil && action == nil { return nil }
  }

  /// What turns a feature into what the model sees, and back.
  ///
  /// - Parameters:
  ///   - method: pi0's, in both libraries, unless the policy says otherwise
  ///     (``NormalizationMethods``).
  ///   - isEarly: whether lerobot's statistics are used as it did until October 2025.
  ///   - modelWidth: as ``Normalizer/init(_:method:origin:isEarly:modelWidth:)`` has it.
  /// - Throws: `statistics.missing` where the file does not have the feature; as
  ///   ``Normalizer/init(_:method:origin:isEarly:modelWidth:)``.
  public func normalizer(
    of feature: Feature, method: NormalizationMethod = .meanStd, isEarly: Bool = false,
    modelWidth: Int? = nil
  ) throws(WeightsError) -> Normalizer {
    guard let statistics = feature == .state ? state : action else {
      throw WeightsError(
        .statisticsMissing, file: fileName,
        "expected statistics of \(key(of: feature).quoted), found none")
    }
    do throws(WeightsError) {
      return try Normalizer(
        statistics, method: method, origin: origin, isEarly: isEarly, modelWidth: modelWidth)
    } catch {
      throw WeightsError(
        error.code, error.kind, file: fileName, "\(key(of: feature)), \(error.message)")
    }
  }

  /// What the file calls the feature.
  private func key(of feature: Feature) -> String {
    switch (origin, feature) {
    case (.openpi, .state): OpenPIKey.state
    case (.openpi, .action): OpenPIKey.action
    case (.lerobot, .state): LeRobotKey.state
    case (.lerobot, .action): LeRobotKey.action
    case (.transformers, .state): TransformersKey.state
    case (.transformers, .action): TransformersKey.action
    }
  }
}

enum OpenPIKey {
  static let root = "norm_stats"
  static let state = "state"
  static let action = "actions"
}

enum TransformersKey {
  static let state = "state"
  static let action = "actions"
  /// What tells the file.
  static let type = "PI0Processor"
}

enum LeRobotKey {
  static let state = "observation.state"
  static let action = "action"
}
