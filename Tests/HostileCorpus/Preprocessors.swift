import DVLATestSupport

extension HostileCase {
  /// F: the settings of an image processor.
  static let preprocessors: [HostileCase] = {
    var list = CaseList(.preprocessor)
    for (group, what, code, text) in [
      ("F0", "settings of DINOv2", nil, #"{"image_processor_type": "BitImageProcessor"}"#),
      ("F0", "settings cut short", "json.truncated", #"{"size": {"#),
      ("F0", "a list of settings", "json.type", "[1]"),
      ("F0", "a setting twice", "json.duplicate-key", #"{"size": 1, "size": 2}"#),
      ("F0", "a setting that upstream passes over", nil, #"{"do_sharpen": true}"#),
      ("F4", "a backend", "preprocessor.unsupported", #"{"backend": "pil"}"#),
      (
        "F4", "settings of CLIP", "preprocessor.unsupported",
        #"{"image_processor_type": "CLIPImageProcessor"}"#
      ),
      ("F4", "Pillow's Lanczos filter", "preprocessor.unsupported", #"{"resample": 1}"#),
      ("F4", "a filter of no name", "preprocessor.unsupported", #"{"resample": "sinc"}"#),
      ("F4", "no filter", "preprocessor.value", #"{"resample": null}"#),
      ("F4", "no size", "preprocessor.value", #"{"size": null}"#),
      ("F4", "a size of one side", "preprocessor.unsupported", #"{"size": {"height": 28}}"#),
      ("F4", "a list of one side", "preprocessor.value", #"{"size": [28]}"#),
      ("F4", "a side of 0", "json.type", #"{"size": {"height": 0, "width": 28}}"#),
      ("F4", "a side of 2^40", "json.type", #"{"size": 1099511627776}"#),
      ("F4", "a deviation of 0", "preprocessor.value", #"{"image_std": [1, 0, 1]}"#),
      ("F4", "four means", "preprocessor.value", #"{"image_mean": [1, 2, 3, 4]}"#),
      ("F4", "a factor of 0", "preprocessor.value", #"{"rescale_factor": 0}"#),
      ("F4", "padding", "preprocessor.unsupported", #"{"do_pad": true}"#),
      ("F4", "a switch that is text", "json.type", #"{"do_resize": "false"}"#),
      ("F10", "a mean beyond float32", "preprocessor.value", #"{"image_mean": 1e200}"#),
    ] as [(String, String, String?, String)] {
      list.add(group, what, code, text: text)
    }
    return list.cases
  }()
}
