package store_test

import (
	"testing"

	"gongxin/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }
