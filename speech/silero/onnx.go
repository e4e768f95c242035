package silero

import (
	"encoding/binary"
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of ONNX, from onnx.proto3: a model holds a graph, a graph its
// weights ("initializers"), which are tensors.
const (
	modelGraph       = 7
	graphInitializer = 5
	tensorName       = 8
	tensorRawData    = 9
)

// parseTensors returns the float32 tensors of an ONNX model by name.
func parseTensors(model []byte) (map[string][]float32, error) {
	tensors := map[string][]float32{}
	err := eachField(model, modelGraph, func(graph []byte) error {
		return eachField(graph, graphInitializer, func(tensor []byte) error {
			var name string
			var values []float32
			err := errors.Join(
				eachField(tensor, tensorName, func(b []byte) error { name = string(b); return nil }),
				eachField(tensor, tensorRawData, func(b []byte) error { values = float32s(b); return nil }),
			)
			tensors[name] = values
			return err
		})
	})
	return tensors, err
}

// eachField calls f with the content of each field of that number in a message.
func eachField(message []byte, number protowire.Number, f func(content []byte) error) error {
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if num != number || typ != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(num, typ, message); n < 0 {
				return protowire.ParseError(n)
			}
			message = message[n:]
			continue
		}
		content, n := protowire.ConsumeBytes(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := f(content); err != nil {
			return err
		}
	}
	return nil
}

// float32s reads little-endian numbers.
func float32s(b []byte) []float32 {
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values
}
