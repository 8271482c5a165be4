import Diagnostics
import Models
import Normalization
import StrictJSON

/// What a policy's bundle says of its inputs and outputs, beside the sizes of its networks.
struct PolicySettings {
  /// How a picture is brought into the square that the model sees.
  enum ImageFit: String, CaseIterable {
    /// Without regard to its aspect ratio, as transformers' image processors do.
    case stretch
    /// Whole and centred, with black beside it, as openpi does.
    case pad
  }

  let imageFit: ImageFit
  /// Most text tokens.
  let tokenLimit: Int
  /// What statistics do to states and actions; nil: what the files beside the weights say.
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
