public import DVLADiagnostics
import DVLAJSON

/// The statistics of a policy's state and actions, from a file of openpi, lerobot or transformers.
public struct PolicyStatistics: Sendable, Hashable {
  /// The library that wrote the file, which decides how division by zero is avoided: see
  /// ``Normalizer``.
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

  /// Most bytes of a file of statistics. openpi's has a few kB; lerobot's has more features.
  public static let maximumByteCount = 16 << 20

  /// Parses the contents of any of these forms, which it recognises by the contents:
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
    (origin, state, action) = try inFile(fileName) { () throws(WeightsError) in
      try Self.parse(contents)
    }
  }

  /// The statistics among the settings of transformers' `PI0Processor`; nil where there are none,
  /// and for the settings of another processor.
  ///
  /// - Throws: as ``init(contents:fileName:)``.
  public init?(processorConfig contents: [UInt8], fileName: String) throws(WeightsError) {
    let parsed = try inFile(fileName) { () throws(WeightsError) in
      try Self.parseProcessor(contents)
    }
    guard let parsed else { return nil }
    (origin, state, action) = parsed
    self.fileName = fileName
    if state == nil && action == nil { return nil }
  }

  /// The normalizer of a feature: from the robot's units to the model's, and back.
  ///
  /// - Parameters:
  ///   - method: the policy's method (``NormalizationMethods``); by default that of pi0 in both
  ///     libraries.
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
      throw error.prefixed("\(key(of: feature)), ").inFile(fileName)
    }
  }

  /// The name of the feature in the file.
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
  /// The `processor_class` of the file.
  static let type = "PI0Processor"
}

enum LeRobotKey {
  static let state = "observation.state"
  static let action = "action"
}

extension WeightsError.Code {
  /// Neither openpi's `norm_stats.json`, nor lerobot's `stats.json`, nor its normaliser's tensors.
  public static let statisticsFormat = Self("statistics.format")
  /// A feature or a field that is needed is not there.
  public static let statisticsMissing = Self("statistics.missing")
  /// A field without values.
  public static let statisticsEmpty = Self("statistics.empty")
  /// Fields, or statistics and a vector, of different widths.
  public static let statisticsWidth = Self("statistics.width")
  /// NaN or an infinity.
  public static let statisticsNotFinite = Self("statistics.not-finite")
  /// A standard deviation below zero.
  public static let statisticsDeviation = Self("statistics.deviation")
  /// An upper bound below its lower one.
  public static let statisticsOrder = Self("statistics.order")
  /// A tensor of statistics that is no vector of F32 or F64.
  public static let statisticsTensor = Self("statistics.tensor")
  /// A method that the library whose statistics these are does not have, or one of its own that is
  /// not known here.
  public static let statisticsMethod = Self("statistics.method")
  /// A value, or with lerobot a statistic, that leaves the range of float32.
  public static let statisticsOverflow = Self("statistics.overflow")
}
