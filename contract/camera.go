package contract

import "github.com/gotars/tars/kit/msg"

// CameraFrame is one frame of a live picture.
type CameraFrame struct {
	msg.Ident
	Timestamp   float64  `json:"timestamp" msg:"now"`
	FrameData   string   `json:"frame_data" msg:"required"` // base64
	Format      string   `json:"format" default:"jpeg" msg:"oneof=jpeg png"`
	Width       int      `json:"width" msg:"required,min=1"`        // pixels
	Height      int      `json:"height" msg:"required,min=1"`       // pixels
	FrameNumber int      `json:"frame_number" msg:"required,min=0"` // counts from the start of the camera
	FPS         *float64 `json:"fps" msg:"min=0"`                   // frames per second
}

// Route is camera/frame.
func (CameraFrame) Route() msg.Route { return msg.Route{Topic: "camera/frame"} }

// CameraCaptureRequest asks for one picture.
type CameraCaptureRequest struct {
	msg.Ident
	Timestamp float64 `json:"timestamp" msg:"now"`
	RequestID string  `json:"request_id" msg:"fresh"`
	Format    string  `json:"format" default:"jpeg" msg:"oneof=jpeg png raw"`
	Quality   int     `json:"quality" default:"85" msg:"min=1,max=100"` // of jpeg
	Width     *int    `json:"width" msg:"min=1"`                        // pixels; nil: the camera's own
	Height    *int    `json:"height" msg:"min=1"`                       // pixels; nil: the camera's own
	Purpose   *string `json:"purpose"`
}

// Route is camera/capture.
func (CameraCaptureRequest) Route() msg.Route {
	return msg.Route{Topic: "camera/capture", QoS: msg.AtLeastOnce}
}

// Reply ties the picture to the request.
func (CameraCaptureRequest) Reply() (r CameraImageResponse) { return }

// CameraImageResponse is the picture asked for.
type CameraImageResponse struct {
	msg.Ident
	Timestamp        float64 `json:"timestamp" msg:"now"`
	RequestID        string  `json:"request_id" msg:"required"` // of the CameraCaptureRequest
	ImageData        string  `json:"image_data" msg:"required"` // base64
	Format           string  `json:"format" msg:"required,oneof=jpeg png raw"`
	Width            int     `json:"width" msg:"required,min=0"`      // pixels
	Height           int     `json:"height" msg:"required,min=0"`     // pixels
	SizeBytes        int     `json:"size_bytes" msg:"required,min=0"` // before base64
	Success          *bool   `json:"success" default:"true"`          // nil is true
	Error            *string `json:"error"`
	Purpose          *string `json:"purpose"` // of the CameraCaptureRequest
	CaptureTimestamp float64 `json:"capture_timestamp" msg:"now"`
}

// Route is camera/image.
func (CameraImageResponse) Route() msg.Route {
	return msg.Route{Topic: "camera/image", QoS: msg.AtLeastOnce}
}
