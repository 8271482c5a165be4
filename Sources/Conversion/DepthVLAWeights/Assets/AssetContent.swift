import DVLABundles
public import DVLADiagnostics
import DVLAJSON
import DVLANormalization
import DVLARobots
import DVLASafetensors
import DVLATokenization

/// What the bytes of a file are, found out before it travels in a bundle.
enum AssetContent: Equatable {
  case sentencePiece, tokenizerJSON
  case openpiStatistics, lerobotStatistics, lerobotTensors, processorStatistics
  /// Settings, of which only the form is looked at.
  case settings(refersToStateFiles: Bool)
  case robot

  /// - Parameters:
  ///   - fileName: decides what form a tokenizer has; nil: its bytes decide.
  /// - Returns: what it is, and whether `run` can use it; it may be a sound tokenizer of another
  ///   kind.
  /// - Throws: `convert.asset-kind` for what only has the name of such a file;
  ///   `tokenizer.malformed`, `statistics.*`, `robot.*`, `json.*`, `safetensors.*`.
  static func read(
    _ bytes: [UInt8], role: BundleAsset.Role, fileName: String?
  ) throws(WeightsError) -> (content: AssetContent, isReadable: Bool) {
    do throws(WeightsError) {
      switch role {
      case .tokenizer:
        return fileName.map { $0.hasSuffix(".json") } ?? bytes.areBraced
          ? (.tokenizerJSON, try isReadable(tokenizerJSON: bytes))
          : (.sentencePiece, try isReadable(sentencePieceModel: bytes))
      case .tokenizerConfiguration:
        return (try settings(bytes, tolerating: [.jsonIntegerRange]), true)
      case .preprocessor: return (try settings(bytes, tolerating: []), true)
      case .generation: return (try settings(bytes, tolerating: [.jsonIntegerRange]), true)
      case .statistics: return (try statistics(bytes), true)
      case .robot:
        _ = try Robot(contents: bytes)
        return (.robot, true)
      }
    } catch {
      guard let kind = FileKind.identify(prefix: unsafe bytes.span.bytes), kind != .json else {
        throw error
      }
      var message = "is \(kind.noun), expected \(role.contents)"
      if kind.isFailedDownload { message += "; \(kind.advice)" }
      throw WeightsError(.convertAssetKind, message)
    }
  }

  private static func isReadable(
    sentencePieceModel bytes: [UInt8]
  ) throws(WeightsError) -> Bool {
    do throws(WeightsError) {
      _ = try Tokenizer(sentencePieceModel: bytes)
      return true
    } catch {
      guard error.code == .tokenizerUnsupported else { throw error }
      return false
    }
  }

  private static func isReadable(tokenizerJSON bytes: [UInt8]) throws(WeightsError) -> Bool {
    do throws(WeightsError) {
      _ = try Tokenizer(tokenizerJSON: bytes)
      return true
    } catch {
      // Unknown keys mean another form of the file, not damage.
      guard [.tokenizerUnsupported, .jsonUnknownKey].contains(error.code) else { throw error }
      return false
    }
  }

  private static func statistics(_ bytes: [UInt8]) throws(WeightsError) -> AssetContent {
    // Errors are to name the file's path, which is known further up.
    var statistics: PolicyStatistics
    do throws(WeightsError) {
      statistics = try PolicyStatistics(contents: bytes, fileName: "")
    } catch {
      var error = error
      error.file = nil
      throw error
    }
    switch statistics.origin {
    case .openpi: return .openpiStatistics
    // A safetensors file starts with a length, which has zeros; JSON has none.
    case .transformers: return .processorStatistics
    case .lerobot: return bytes.prefix(8).contains(0) ? .lerobotTensors : .lerobotStatistics
    }
  }

  /// - Parameter tolerating: what upstream writes into such files itself: transformers has a
  ///   `model_max_length` of 10^30.
  private static func settings(
    _ bytes: [UInt8], tolerating: Set<WeightsError.Code>
  ) throws(WeightsError) -> AssetContent {
    let value: JSONValue
    do throws(WeightsError) { value = try StrictJSON.parse(bytes) } catch {
      guard tolerating.contains(error.code) else { throw error }
      return .settings(refersToStateFiles: false)
    }
    guard let object = value.object else {
      throw WeightsError(.convertAssetKind, "expected a JSON object, found another value")
    }
    let steps = object["steps"]?.array ?? []
    return .settings(
      refersToStateFiles: steps.contains { $0.object?["state_file"]?.string != nil })
  }

  /// The name under which upstream libraries look for such a file.
  func canonicalName(_ fileName: String, role: BundleAsset.Role) -> String {
    switch self {
    case .sentencePiece: AssetNames.sentencePiece
    case .tokenizerJSON: AssetNames.tokenizerJSON
    case .openpiStatistics: AssetNames.normStatistics
    case .processorStatistics: AssetNames.processor
    case .lerobotStatistics: AssetNames.dataSetStatistics
    case .lerobotTensors:
      AssetNames.isStepState(fileName) ? fileName : AssetNames.normalizerState
    case .robot: AssetNames.robot
    case .settings:
      AssetNames.role(of: fileName) == role ? fileName : AssetNames.preprocessor
    }
  }
}

extension BundleAsset.Role {
  fileprivate var contents: String {
    switch self {
    case .tokenizer: "a tokenizer"
    case .tokenizerConfiguration, .preprocessor, .generation: "a JSON object"
    case .statistics: "statistics"
    case .robot: "a robot's document"
    }
  }
}

extension FileKind {
  /// Whether something else was downloaded in place of the file.
  fileprivate var isFailedDownload: Bool {
    [.gitLFSPointer, .html, .xml, .zeros].contains(self)
  }
}

extension [UInt8] {
  /// Whether a text starts and ends with braces, as a JSON object does and no SentencePiece model.
  fileprivate var areBraced: Bool {
    func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
    return first { !isSpace($0) } == UInt8(ascii: "{")
      && last { !isSpace($0) } == UInt8(ascii: "}")
  }
}

extension WeightsError.Code {
  /// An asset that is another kind of file than its name or option says.
  public static let convertAssetKind = Self("convert.asset-kind")
}
