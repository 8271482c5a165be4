import DVLADiagnostics
import DVLAFamilies
import DVLAImages
import DVLAJSON
import DVLAModels
import DVLANormalization
import DVLATokenization

/// The settings of a policy's inputs and outputs in its bundle, beside the sizes of its networks.
struct PolicySettings {
  /// How a picture is brought into the square that the model sees.
  enum ImageFit: String, CaseIterable {
    /// Without regard to its aspect ratio, as transformers' image processor of SigLIP does.
    case stretch
    /// Whole and centred, with black beside it, as openpi does.
    case pad
    /// Whole, with black above it or left of it: ``LeRobotProcessor``.
    case lerobot2025February = "lerobot-2025-02"
    /// Whole and centred, with -3 beside it.
    case lerobot2025October = "lerobot-2025-10"
    /// Whole and centred, with black beside it, resized in floats.
    case lerobot2026March = "lerobot-2026-03"
    /// Whole, with grey right of it or below: ``PI0Processor``.
    case transformers
    /// As it is: a picture of another size is refused.
    case exact
  }

  let imageFit: ImageFit
  /// The library whose arithmetic resizes pictures, where transformers' processors do.
  let backend: PictureBackend
  /// Most text tokens.
  let tokenLimit: Int
  /// How states and actions are normalised; nil: as the files beside the weights say.
  let normalization: NormalizationMethod?
  /// The side of the pictures that the depth encoder sees.
  let depthImageSize: Int?

  /// - Throws: `model.configuration`.
  init(_ json: JSONValue, _ model: DepthVLAConfiguration) throws(WeightsError) {
    let scope = try ConfigurationReader(json)
    func words<Word: RawRepresentable<String>>(_ all: [Word]) -> [String: Word] {
      Dictionary(uniqueKeysWithValues: all.map { ($0.rawValue, $0) })
    }
    imageFit = try scope.choice("image_fit", of: words(ImageFit.allCases))
    backend = try PictureBackend(configuration: json) ?? .torchvision
    tokenLimit = try scope.integer("max_token_len", atMost: ModelInputs.tokenLimit)
    normalization =
      scope.has("normalization")
      ? try scope.choice("normalization", of: words(NormalizationMethod.allCases)) : nil
    guard let encoder = model.depth?.encoder else {
      depthImageSize = nil
      return
    }
    let size = try scope.scope("depth").integer("image_size")
    guard size.isMultiple(of: encoder.patch) else {
      throw scope.contradiction(
        "depth.image_size is \(size), expected a multiple of encoder.patch_size \(encoder.patch)")
    }
    let side = size / encoder.patch
    guard side <= DINOv2Configuration.patchLimit / side else {
      throw scope.contradiction(
        "depth.image_size is \(size), expected at most \(DINOv2Configuration.patchLimit) patches of "
          + "\(encoder.patch) x \(encoder.patch)")
    }
    depthImageSize = size
  }
}

extension PaliGemmaPrompt.Style {
  /// The prompt that a policy was trained with.
  init(family: String, _ processing: PolicyProcessing) {
    self =
      switch processing.library {
      case .lerobot, .earlyLeRobot: .lerobot
      case .openpi: .pi0
      case .transformers: .paligemma
      case nil: Family(rawValue: family) == .pi0 ? .pi0 : .paligemma
      }
  }

  var words: String {
    switch self {
    case .paligemma: "PaliGemma"
    case .pi0: "openpi"
    case .lerobot: "lerobot"
    }
  }
}

extension PolicyProcessing {
  /// The treatment of a prompt that is too long.
  var overflow: PaliGemmaPrompt.Overflow { cutsPrompts == true ? .cut : .refuse }

  /// Most tokens of a prompt. lerobot before October 2025 pads prompts to the length in the
  /// configuration and accepts longer ones as they are.
  ///
  /// - Parameter length: `max_token_len` in the configuration.
  func tokenLimit(_ length: Int) -> Int { cutsPrompts == false ? ModelInputs.tokenLimit : length }
}
